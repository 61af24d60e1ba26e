//! What the program draws.

#[path = "../../../src/bin/mlrun/ui/spark.rs"]
mod spark;

mod shapes;
