// Starts Swagger UI on our own document; loads nothing from another host.
window.addEventListener("load", () => {
  window.SwaggerUIBundle({
    url: "/openapi.json",
    dom_id: "#swagger",
    deepLinking: true,
    validatorUrl: null,
    persistAuthorization: false,
    supportedSubmitMethods: ["get"], // what is sent from here would be recorded as a patient's cell
  });
});
