"""clinicedc: Django, and a project that is the least it asks for.

Run by `bench.peers` with the Python of an environment where clinicedc is installed and this project is not:
`python -m bench.peers.by_clinicedc FOLDER PATIENTS`. The answer is FOLDER/answer.json: much is printed.

The apps, models and sites are those of clinicedc's own `clinicedc_tests`; the schedule is ours. A patient is screened
and consented first, unmeasured; measured is `put_on_schedule`, by which a patient comes by appointments.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import django
from clinicedc_tests.config import DefaultTestSettings, get_installed_apps_for_tests
from dateutil.relativedelta import relativedelta
from django.conf import settings

from . import plan
from .plan import Answer, Patient, size_of, timed

if TYPE_CHECKING:
    from edc_visit_schedule.schedule import Schedule

#: The first sites of those that `clinicedc_tests` registers.
_SITES = (10, 20, 30, 40)
#: An app that the list names and clinicedc does not have.
_NOT_THERE = "edc_lab_results_import.apps.AppConfig"


def answer(folder: Path, asked: Sequence[Patient]) -> Answer:
    """Make the schedules, then ask for a site's upcoming visits."""
    path = _configure(folder)
    schedule = _schedule()
    subjects = [_consent(patient) for patient in asked]
    _commit_durably()
    before = size_of(path)
    made = [_put_on_schedule(schedule, *pair) for pair in zip(subjects, asked, strict=True)]
    after = size_of(path)
    found = [timed(_upcoming) for _ in range(plan.QUERIES)]
    return Answer(
        patients=made,
        bytes=(after - before) / len(asked),
        queries=[cost for cost, _ in found],
        visits=[_dates(subject) for subject in subjects],
        page=[_day(appointment["appt_datetime"]) for appointment in found[0][1]],
        versions={
            "clinicedc": version("clinicedc"),
            "Django": version("django"),
            "Python": platform.python_version(),
        },
    )


def _configure(folder: Path) -> Path:
    """Settings, apps, tables and sites; the path of the database."""
    project, keys = folder / "project", folder / "keys"
    project.mkdir()
    keys.mkdir()
    path = project / "clinicedc.db"
    # What is not measured need not wait for the disk.
    options = {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous = OFF"}
    apps = get_installed_apps_for_tests("clinicedc_tests.apps.AppConfig")
    described = DefaultTestSettings(
        base_dir=project,
        app_name="clinicedc_tests",
        add_dashboard_middleware=True,
        add_lab_dashboard_middleware=True,
        INSTALLED_APPS=[app for app in apps if app != _NOT_THERE],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": path, "OPTIONS": options}},
        DEBUG=False,
        AUTO_CREATE_KEYS=True,
        DJANGO_CRYPTO_FIELDS_KEY_PATH=keys,
        DJANGO_REVISION_IGNORE_WORKING_DIR=True,
        EDC_AUTH_SKIP_AUTH_UPDATER=True,
        EDC_AUTH_SKIP_SITE_AUTHS=True,
        EDC_FACILITY_DISABLE_HOLIDAYS=True,
        EDC_PROTOCOL_STUDY_OPEN_DATETIME=_morning(plan.TODAY - timedelta(2 * plan.ENROLMENT_DAYS)),
        EDC_PROTOCOL_STUDY_CLOSE_DATETIME=_morning(plan.TODAY + timedelta(800)),
        EDC_SITES_CREATE_DEFAULT=False,
        EDC_SITES_REGISTER_DEFAULT=False,
        MULTISITE_TIME_ZONES=dict.fromkeys(_SITES, plan.TIME_ZONE),
    ).settings
    settings.configure(**described)
    django.setup()

    # What belongs to Django's apps can be imported only now; so in all functions below.
    from django.core.management import call_command
    from edc_sites.utils import add_or_update_django_sites

    call_command("migrate", run_syncdb=True, verbosity=0)
    add_or_update_django_sites()
    return path


def _schedule() -> Schedule:
    """Scans every few weeks after enrolment, at a clinic that is open every day; registered as the only schedule."""
    from clinicedc_tests.consents import consent_v1
    from edc_consent.site_consents import site_consents
    from edc_visit_schedule.schedule import Schedule
    from edc_visit_schedule.site_visit_schedules import site_visit_schedules
    from edc_visit_schedule.visit import Visit
    from edc_visit_schedule.visit_schedule import VisitSchedule

    site_consents.register(consent_v1)
    schedule = Schedule(
        name="imaging",
        onschedule_model="clinicedc_tests.onscheduleone",
        offschedule_model="clinicedc_tests.offscheduleone",
        consent_definitions=[consent_v1],
    )
    for number in range(plan.VISITS):
        weeks, window = (number + 1) * plan.WEEKS_BETWEEN, relativedelta(days=plan.WINDOW.days)
        schedule.add_visit(
            Visit(
                code=f"W{weeks}",
                title=f"Week {weeks} tumour imaging",
                timepoint=number,
                rbase=relativedelta(weeks=weeks),
                rlower=window,
                rupper=window,
                facility_name="7-day-clinic",
            )
        )
    trial = VisitSchedule(
        name="trial", offstudy_model="edc_offstudy.subjectoffstudy", death_report_model="clinicedc_tests.deathreport"
    )
    trial.add_schedule(schedule)
    site_visit_schedules.register(trial)
    return schedule


def _consent(patient: Patient) -> str:
    """A patient screened and consented; the subject identifier that clinicedc gives."""
    from clinicedc_tests.consents import consent_v1
    from clinicedc_tests.helper import Helper

    enrolled_at = _morning(patient.enrolled_on)
    settings.SITE_ID.set(_SITES[patient.site])
    helper = Helper(now=enrolled_at)
    screening, first_name, last_name = helper.screen_subject(report_datetime=enrolled_at)
    consent = helper.consent_subject(consent_v1, screening, first_name, last_name, consent_datetime=enrolled_at)
    identifier: str = consent.subject_identifier
    return identifier


def _commit_durably() -> None:
    """From here on, what is committed is on the disk."""
    from django.db import connection

    with connection.cursor() as cursor:
        for pragma in plan.PRAGMAS:
            cursor.execute(pragma)


def _put_on_schedule(schedule: Schedule, subject: str, patient: Patient) -> plan.Cost:
    """What it costs until a patient's appointments are on the disk, in one transaction."""
    from django.db import transaction

    settings.SITE_ID.set(_SITES[patient.site])
    put = partial(transaction.atomic(schedule.put_on_schedule), subject, _morning(patient.enrolled_on))
    return timed(put)[0]


def _upcoming() -> list[dict[str, Any]]:
    """The first page of a site's appointments that are new and whose window has not closed, as dicts."""
    from edc_appointment.models import Appointment

    appointments = Appointment.objects.filter(
        site_id=_SITES[0], appt_status="new", appt_datetime__gte=_morning(plan.TODAY - plan.WINDOW)
    )
    return list(appointments.order_by("appt_datetime").values()[: plan.PAGE])


def _dates(subject: str) -> list[str]:
    """The dates of a patient's appointments, soonest first."""
    from edc_appointment.models import Appointment

    appointments = Appointment.objects.filter(subject_identifier=subject).order_by("appt_datetime")
    return [_day(at) for at in appointments.values_list("appt_datetime", flat=True)]


def _morning(day: date) -> datetime:
    return datetime.combine(day, time(2), UTC)


def _day(moment: datetime) -> str:
    return moment.astimezone(ZoneInfo(plan.TIME_ZONE)).date().isoformat()


if __name__ == "__main__":
    _, place, count = sys.argv
    done = answer(Path(place), plan.patients(int(count)))
    (Path(place) / "answer.json").write_text(json.dumps(done.document()), encoding="utf-8")
