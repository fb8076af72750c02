// Reads iCalendar documents (a JSON list of texts) from standard input with ical.js, and writes for each its events:
// days as they are, moments in UTC.
import { text } from "node:stream/consumers";
import ICAL from "ical.js";

function moment(time) {
  return time.isDate ? time.toString() : time.toJSDate().toISOString();
}

function events(document) {
  const calendar = new ICAL.Component(ICAL.parse(document));
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents("vtimezone")) {
    ICAL.TimezoneService.register(new ICAL.Timezone(zone));
  }
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component);
    return {
      uid: event.uid,
      starts: moment(event.startDate),
      ends: moment(event.endDate),
      summary: event.summary,
      description: event.description,
      location: event.location,
      sequence: event.sequence,
      status: component.getFirstPropertyValue("status"),
      alarms: component.getAllSubcomponents("valarm").length,
    };
  });
}

console.log(JSON.stringify(JSON.parse(await text(process.stdin)).map(events)));
