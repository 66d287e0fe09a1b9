// Package scoring turns a feature vector into a score, and a score into a Decision.
//
// Here live the model directory (a model of LightGBM or XGBoost, its manifest, its golden vectors) with everything that
// loading it verifies, the scorer, the policy's thresholds, and the Decision with its wire form. A model file is parsed
// and checked in full before any prediction library sees it, so a bad file is an error and never a wrong score.
//
// The package knows the feature schema and nothing of how features are computed, where models come from, or where
// decisions go. It has neither clock nor randomness: equal vectors give equal bits.
package scoring
