"""`enrol`: one patient, or only register the patient for screening."""

from __future__ import annotations

import click


@click.command()
@click.option("--protocol", required=True, help="Its id, as in `protocols list`.")
@click.option("--version", type=int, help="Of the protocol; by default the latest.")
@click.option("--subject-number", required=True, help="The trial's number of the patient: a pseudonym, no name.")
@click.option("--site", required=True)
@click.option("--consented-on", metavar="DATE", help="YYYY-MM-DD")
@click.option("--planned-enrolment-on", metavar="DATE", help="Visits are counted from it until enrolment.")
@click.option("--enrolled-on", metavar="DATE", help="Left out: the patient is only registered, and being screened.")
@click.option("--planned-first-dose-on", metavar="DATE", help="By default the day of enrolment.")
@click.option("--sex", type=click.Choice(("female", "male")), required=True)
@click.option("--fertility", type=click.Choice(("fertile", "not_fertile")), help="By default fertile.")
@click.option("--basis", help="Why not fertile: natural_menopause, artificial_menopause or sterilisation.")
@click.option("--time-zone", help="Where the patient lives, such as Asia/Shanghai; by default the site's.")
def enrol(protocol: str, version: int | None, **given: str | None) -> None:
    """Register a patient, enrol the patient if the day is given, and print the patient_id."""
    from scheduler_api.cli.input import new_patient
    from scheduler_api.cli.opening import session
    from scheduler_api.use_cases.patients import patients
    from scheduler_api.use_cases.session import NotFound
    from scheduler_api.use_cases.sites import sites

    data = {name: value for name, value in given.items() if value is not None}
    with session() as opened:
        if "time_zone" not in data:
            try:
                data["time_zone"] = sites.get(opened, data["site"])["time_zone"]
            except NotFound:
                # Enrolling says so, together with whatever else is wrong.
                data["time_zone"] = "UTC"
        reference = {"id": protocol, **({} if version is None else {"version": version})}
        patient = patients.register(opened, *new_patient(opened, {**data, "protocol": reference}))
    click.echo(patient["patient_id"])
