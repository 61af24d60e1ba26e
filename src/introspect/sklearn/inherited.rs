//! What scikit-learn's base classes leave in estimators beside their parameters: attributes that look like such and are not.
//!
//! Found by `generate.py` of the tests, which makes and fits every estimator of scikit-learn 1.9.

/// The attributes of `class` that no `get_params` names.
pub(super) fn of(class: &str) -> &'static [&'static str] {
    INHERITED.binary_search_by_key(&class, |(of, _)| of).map_or(&[], |place| INHERITED[place].1)
}

/// By class.
const INHERITED: &[(&str, &[&str])] = &[
    ("sklearn.covariance._graph_lasso.GraphicalLasso", &["store_precision"]),
    ("sklearn.covariance._graph_lasso.GraphicalLassoCV", &["store_precision"]),
    ("sklearn.cross_decomposition._pls.CCA", &["deflation_mode", "mode", "algorithm"]),
    ("sklearn.cross_decomposition._pls.PLSCanonical", &["deflation_mode", "mode"]),
    ("sklearn.cross_decomposition._pls.PLSRegression", &["deflation_mode", "mode", "algorithm"]),
    ("sklearn.ensemble._bagging.BaggingClassifier", &["estimator_params"]),
    ("sklearn.ensemble._bagging.BaggingRegressor", &["estimator_params"]),
    ("sklearn.ensemble._forest.ExtraTreesClassifier", &["estimator", "estimator_params"]),
    ("sklearn.ensemble._forest.ExtraTreesRegressor", &["estimator", "estimator_params", "class_weight"]),
    ("sklearn.ensemble._forest.RandomForestClassifier", &["estimator", "estimator_params"]),
    ("sklearn.ensemble._forest.RandomForestRegressor", &["estimator", "estimator_params", "class_weight"]),
    (
        "sklearn.ensemble._forest.RandomTreesEmbedding",
        &["estimator", "estimator_params", "bootstrap", "oob_score", "class_weight", "max_samples"],
    ),
    ("sklearn.ensemble._gb.GradientBoostingClassifier", &["alpha"]),
    (
        "sklearn.ensemble._iforest.IsolationForest",
        &["estimator", "estimator_params", "bootstrap_features", "oob_score"],
    ),
    ("sklearn.ensemble._stacking.StackingRegressor", &["stack_method"]),
    ("sklearn.ensemble._weight_boosting.AdaBoostClassifier", &["estimator_params"]),
    ("sklearn.ensemble._weight_boosting.AdaBoostRegressor", &["estimator_params"]),
    ("sklearn.linear_model._coordinate_descent.Lasso", &["l1_ratio"]),
    ("sklearn.linear_model._coordinate_descent.MultiTaskLasso", &["l1_ratio"]),
    ("sklearn.linear_model._coordinate_descent.MultiTaskLassoCV", &["precompute", "positive"]),
    ("sklearn.linear_model._least_angle.LarsCV", &["n_nonzero_coefs", "fit_path", "jitter", "random_state"]),
    ("sklearn.linear_model._least_angle.LassoLarsIC", &["fit_path"]),
    (
        "sklearn.linear_model._passive_aggressive.PassiveAggressiveClassifier",
        &["penalty", "learning_rate", "epsilon", "alpha", "l1_ratio", "eta0", "power_t"],
    ),
    (
        "sklearn.linear_model._passive_aggressive.PassiveAggressiveRegressor",
        &["penalty", "learning_rate", "alpha", "l1_ratio", "eta0", "power_t"],
    ),
    ("sklearn.linear_model._perceptron.Perceptron", &["loss", "learning_rate", "epsilon", "power_t", "average"]),
    ("sklearn.linear_model._ridge.RidgeClassifierCV", &["gcv_mode", "alpha_per_target"]),
    (
        "sklearn.linear_model._stochastic_gradient.SGDOneClassSVM",
        &[
            "loss",
            "penalty",
            "epsilon",
            "alpha",
            "l1_ratio",
            "early_stopping",
            "validation_fraction",
            "n_iter_no_change",
        ],
    ),
    ("sklearn.neighbors._classification.KNeighborsClassifier", &["radius"]),
    ("sklearn.neighbors._classification.RadiusNeighborsClassifier", &["n_neighbors"]),
    ("sklearn.neighbors._graph.KNeighborsTransformer", &["radius"]),
    ("sklearn.neighbors._graph.RadiusNeighborsTransformer", &["n_neighbors"]),
    ("sklearn.neighbors._lof.LocalOutlierFactor", &["radius"]),
    ("sklearn.neighbors._regression.KNeighborsRegressor", &["radius"]),
    ("sklearn.neighbors._regression.RadiusNeighborsRegressor", &["n_neighbors"]),
    ("sklearn.neural_network._multilayer_perceptron.MLPClassifier", &["loss"]),
    ("sklearn.semi_supervised._label_propagation.LabelPropagation", &["alpha"]),
    ("sklearn.svm._classes.NuSVC", &["C", "epsilon"]),
    ("sklearn.svm._classes.NuSVR", &["epsilon", "probability", "class_weight", "random_state"]),
    ("sklearn.svm._classes.OneClassSVM", &["C", "epsilon", "probability", "class_weight", "random_state"]),
    ("sklearn.svm._classes.SVC", &["nu", "epsilon"]),
    ("sklearn.svm._classes.SVR", &["nu", "probability", "class_weight", "random_state"]),
    ("sklearn.tree._classes.DecisionTreeRegressor", &["class_weight"]),
    ("sklearn.tree._classes.ExtraTreeRegressor", &["class_weight"]),
];
