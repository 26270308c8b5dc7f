"""What each figure of an evaluation is called, by its name in the JSON: on the model card, and on the page."""

FIGURES = {
    "auc": "AUC, pooled",
    "area_matched_auc": "AUC, cells of like area compared (area-matched)",
    "floor_matched_auc": "AUC, cells of like size and colour compared (floor-matched)",
    "balanced_accuracy": "Balanced accuracy",
    "sensitivity": "Sensitivity (share of ALL cells called ALL)",
    "specificity": "Specificity (share of normal cells called normal)",
    "precision": "Precision at the data's own share of ALL",
    "weighted_f1": "Weighted F1",
    "subject_macro_auc": "AUC, every subject counting the same",
    "subject_macro_balanced_accuracy": "Balanced accuracy, every subject counting the same",
    "subject_macro_sensitivity": "Sensitivity, every subject counting the same",
    "subject_macro_specificity": "Specificity, every subject counting the same",
    "calibration_error": "Calibration error (ECE, 15 bins of equal weight), every subject counting the same",
    "calibration_error_of_an_exact_one": "For comparison: what an exact calibration of these scores shows by chance",
    "calibration_error_as_served": "Calibration error as served: each person's scores calibrated on all other persons'",
    "calibration_error_of_an_exact_one_as_served": "For comparison: what an exact one of those scores shows by chance",
    "brier": "Brier score at the prior 0.5, every subject counting the same",
    "floor_auc": "For comparison: AUC of area and mean colour alone",
}
BANDS = {
    "not_suspected_miss_rate": "Share of ALL cells in the band `not_suspected`",
    "suspected_precision": "Share of ALL among the band `suspected`, at the card's prior",
    "uncertain_share": "Share of cells in the band `uncertain`",
}
SETS = {
    "covered_hem": "Normal cells whose set holds `HEM`",
    "covered_all": "ALL cells whose set holds `ALL`",
    "both_share": "Cells whose set holds both",
    "neither_share": "Cells whose set holds neither",
}
FAR = {
    "far_hem": "Normal cells farther from the training cells than the limit",
    "far_all": "ALL cells farther from the training cells than the limit",
}
CHANGES = {
    "auc_change": "change of AUC",
    "specificity_change": "of specificity",
    "sensitivity_change": "of sensitivity",
}
"""What a shift moves, in the order of the columns that show it."""
GATE = {
    "refused_hem": "Normal cells refused by the gate",
    "refused_all": "ALL cells refused by the gate",
    "refused_difference": "Refused of normal cells less refused of ALL cells",
}
UNUSUAL = {
    "unusual_hem": "Normal cells of an unusual stain, outline or detail",
    "unusual_all": "ALL cells of an unusual stain, outline or detail",
}
COMPRESSION = {
    "marked_hem": "Normal cells taken for compressed",
    "marked_all": "ALL cells taken for compressed",
}
RESAMPLING = {
    "marked_hem": "Normal cells taken for scaled or turned",
    "marked_all": "ALL cells taken for scaled or turned",
}
CUT = {
    "cut_hem": "Normal cells that are cut off",
    "cut_all": "ALL cells that are cut off",
}
RETAKES = {
    "called_otherwise": "Pairs of which only one image is called ALL",
    "another_cell": "For comparison: the same of two cells of one of these people",
    "in_another_band": "Pairs whose images fall into different bands",
    "mean_difference": "Mean difference of the probability",
    "repeatability": "Repeatability of the logit (intraclass correlation)",
}
TILTED = {
    "between": "until mean colour is no sign of the class",
    "elsewhere": "until both say what they were found to say of the official preliminary set",
}
SUBGROUP_FIGURES = {
    "auc": "AUC",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "subject_macro_sensitivity": "sensitivity, every subject the same",
    "subject_macro_specificity": "specificity, every subject the same",
}

OF_ONE_SUBJECT = (
    "Called right is the specificity of a healthy subject and the sensitivity of another. These intervals are Wilson's "
    "over the cells of the one subject: what other cells of this person would give, and nothing about another person."
)
