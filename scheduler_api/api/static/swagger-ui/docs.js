// Shows the service's own openapi.json. Nothing is asked of any other host, and a token typed here is not kept.

const DAY_LENGTH = 24 * 3600 * 1000;

// Moves the days of all examples so that the day they are seen from is today: what they record could be recorded.
function asOfToday(contract) {
  const now = new Date();
  const today = Date.UTC(now.getFullYear(), now.getMonth(), now.getDate());
  const moved = today - Date.parse(contract.info["x-examples-day"]);
  const move = (text) => text.replace(/\b\d{4}-\d\d-\d\d(?!\d)/g, (day) => {
    const time = Date.parse(day);
    return Number.isNaN(time) ? day : new Date(time + moved).toISOString().slice(0, 10);
  });
  const visit = (value) => {
    if (Array.isArray(value)) value.forEach(visit);
    else if (value !== null && typeof value === "object") {
      for (const name of Object.keys(value)) {
        if (name === "example" || name === "examples") value[name] = JSON.parse(move(JSON.stringify(value[name])));
        else visit(value[name]);
      }
    }
  };
  visit(contract.paths);
  visit(contract.components.responses);
  return contract;
}

fetch("openapi.json").then((answer) => answer.json()).then((contract) => SwaggerUIBundle({
  dom_id: "#docs",
  spec: asOfToday(contract),
  validatorUrl: null,
  persistAuthorization: false,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
}));
