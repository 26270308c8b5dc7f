"""The networks: one file per source, each network a function that gives a functional Keras model of its own size."""
