"""What the figures of a model are called on its page, by their names in the card, and what goes without a figure."""

FIGURES = {
    "auc": "AUC, all cells pooled",
    "floor_matched_auc": "AUC among cells of like size and colour",
    "area_matched_auc": "AUC among cells of like area",
    "sensitivity": "Sensitivity: share of ALL cells called ALL",
    "specificity": "Specificity: share of normal cells called normal",
    "balanced_accuracy": "Balanced accuracy",
    "subject_macro_sensitivity": "Sensitivity, every subject counting the same",
    "subject_macro_specificity": "Specificity, every subject counting the same",
    "calibration_error": "Calibration error",
    "calibration_error_of_an_exact_one": "For comparison: what an exact calibration of these scores shows by chance",
    "calibration_error_as_served": "Calibration error as served, each person calibrated on all others",
    "calibration_error_of_an_exact_one_as_served": "For comparison: what an exact one of those scores shows by chance",
    "floor_auc": "For comparison: AUC of area and mean colour alone",
}
BAND_FIGURES = {
    "suspected_precision": "Share of ALL among the suspected, where half of the cells are ALL",
    "not_suspected_miss_rate": "Share of ALL cells that come out as not suspected",
    "uncertain_share": "Share of cells that come out as uncertain",
}
GATE_FIGURES = {
    "refused_hem": "Normal cells refused as unusable",
    "refused_all": "ALL cells refused as unusable",
}
FLAGGED_FIGURES = {
    "covered_hem": "Normal cells whose set holds normal",
    "covered_all": "ALL cells whose set holds ALL",
    "both_share": "Cells that fit both classes",
    "neither_share": "Cells that fit neither",
    "far_hem": "Normal cells far from all training cells",
    "far_all": "ALL cells far from all training cells",
    "unusual_hem": "Normal cells of an unusual stain, outline or detail",
    "unusual_all": "ALL cells of an unusual stain, outline or detail",
}
TRACE_FIGURES = {
    "marked_hem": "Normal cells as they are",
    "marked_all": "ALL cells as they are",
}
RETAKE_FIGURES = {
    "called_otherwise": "Pairs of images of which only one is called ALL",
    "another_cell": "For comparison: the same of two cells of one of these people",
    "in_another_band": "Pairs whose images come out in different bands",
    "mean_difference": "Mean difference of the probability",
    "repeatability": "Repeatability of the score before calibration (intraclass correlation)",
}
TILTED_FIGURES = {
    "between": "cells weighed until their mean colour is no sign of the class",
    "elsewhere": "cells weighed until size and colour say what they do in the official preliminary set",
}
NOT_TILTED = {"subject_macro_auc": "AUC, cells as they are, every subject counting the same"}
FIGURES_OF_TILTED = {"auc": "AUC", "sensitivity": "Sensitivity", "specificity": "Specificity"}
TILTED = (
    "In its training data cells of ALL are larger. In other people that is no sign: healthy cells of the official "
    "preliminary set are larger and brighter. So the cells of the training data are weighed here until area and mean "
    "colour say of the class what they do there. Every subject counts the same before. Those other people themselves "
    "were not measured: this shows how far the model leans on size and colour, and is no forecast."
)
OF_A_CALL = "A cell is called ALL here from a probability of 50 % on, whatever its band."
TOO_HIGH = (
    "The interval of a calibration error lies too high on this card, above the error itself: drawing people again adds "
    "chance to chance."
)
BANDS_OF_ONE = {"not_suspected": "Not suspected", "suspected": "Suspected"}
LIMITS = (
    "It knows one hospital's images, one stain and one way of cutting cells out; others were not evaluated.",
    "It has learned from few healthy people, and they differ: with others, expect more false alarms (see By subject).",
    "In its training data a cell's size and brightness said much about its class. Elsewhere they may not.",
    "Cells of one person are alike: the intervals count people, not cells, and are wide.",
)
