"""Writes what the tools themselves say of one small table. Each in an environment of its own:

    pip install great_expectations==1.24.1 pandas && python make.py gx
    pip install soda-core-duckdb==3.5.6 && python make.py soda
    pip install pandera[pandas]==0.35.0 && python make.py pandera

The outputs are committed as written, but for tracebacks, which name the machine, and for times and ids.
"""

import json
import sys

ROWS = [(31, "DE", 1), (45, "FR", 2), (None, "DE", 3), (130, "XX", 4), (22, "IT", 5), (67, "FR", 5)]


def frame():
    import pandas as pd
    return pd.DataFrame(ROWS, columns=["age", "country", "id"])


def plain(value):
    if isinstance(value, dict):
        hidden = ["exception_traceback", "exception", "run_id", "run_time", "validation_time"]
        fixed = dict.fromkeys(hidden, "…")
        return {key: fixed[key] if key in fixed and item is not None else plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def write(name, value):
    with open(name, "w") as file:
        json.dump(plain(json.loads(json.dumps(value, default=str))), file, indent=1)
        file.write("\n")


def gx():
    import great_expectations as gx
    from great_expectations import expectations as ex

    context = gx.get_context(mode="ephemeral")
    batch = context.data_sources.add_pandas("frames").add_dataframe_asset("train").add_batch_definition_whole_dataframe("all")
    good = [ex.ExpectColumnToExist(column="age"), ex.ExpectColumnValuesToNotBeNull(column="country"),
            ex.ExpectColumnValuesToBeInSet(column="country", value_set=["DE", "FR", "IT", "XX"])]
    bad = [ex.ExpectColumnValuesToNotBeNull(column="age"),
           ex.ExpectColumnValuesToBeBetween(column="age", min_value=0, max_value=120, severity="warning"),
           ex.ExpectColumnValuesToBeUnique(column="id")]
    raising = [ex.ExpectColumnValuesToNotBeNull(column="income")]

    def suite(name, expectations):
        made = gx.ExpectationSuite(name=name)
        for expectation in expectations:
            made.add_expectation(expectation)
        return made

    def validated(name, expectations):
        return batch.get_batch({"dataframe": frame()}).validate(suite(name, expectations)).to_json_dict()

    write("gx-passed.json", validated("good", good))
    write("gx-failed.json", validated("all", good + bad))
    write("gx-raised.json", validated("raising", good + raising))
    definition = gx.ValidationDefinition(data=batch, suite=context.suites.add(suite("both", good + bad)), name="train")
    checkpoint = gx.Checkpoint(name="check", validation_definitions=[context.validation_definitions.add(definition)])
    result = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame()})
    write("gx-checkpoint.json", json.loads(result.describe()))


def soda():
    import duckdb
    from soda.scan import Scan

    def scanned(checks):
        connection = duckdb.connect(":memory:")
        connection.execute("create table train (age double, country varchar, id integer)")
        connection.executemany("insert into train values (?, ?, ?)", ROWS)
        scan = Scan()
        scan.set_scan_definition_name("train")
        scan.set_data_source_name("duckdb")
        scan.add_duckdb_connection(connection)
        scan.add_sodacl_yaml_str("checks for train:\n" + checks)
        scan.execute()
        found = scan.get_scan_results()
        for key in ["dataTimestamp", "scanStartTimestamp", "scanEndTimestamp"]:
            found[key] = "…"
        found["logs"] = [{**log, "timestamp": "…"} for log in found["logs"]]
        return found

    warning = "  - max(age):\n      name: nobody is older than 120\n      warn: when > 100\n      fail: when > 200\n"
    write("soda-passed.json", scanned("  - row_count > 0\n  - missing_count(country) = 0\n"))
    write("soda-failed.json", scanned("  - row_count > 0\n  - missing_count(age) = 0\n  - duplicate_count(id) = 0\n" + warning))
    write("soda-warned.json", scanned("  - row_count > 0\n" + warning))
    write("soda-errors.json", scanned("  - row_count > 0\n  - missing_count(income) = 0\n"))


def pandera():
    import pandera.pandas as pa

    schema = pa.DataFrameSchema({
        "age": pa.Column(float, pa.Check.in_range(0, 120)),
        "country": pa.Column(str, pa.Check.isin(["DE", "FR", "IT"])),
        "id": pa.Column(int, unique=True),
        "income": pa.Column(float),
    }, name="train")
    try:
        schema.validate(frame(), lazy=True)
    except pa.errors.SchemaErrors as error:
        write("pandera-errors.json", error.message)
        write("pandera-cases.json", json.loads(error.failure_cases.to_json(orient="records")))


{"gx": gx, "soda": soda, "pandera": pandera}[sys.argv[1]]()
