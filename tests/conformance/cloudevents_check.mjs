// Usage: node cloudevents_check.mjs < events.jsonl
// Parses each line as a structured-mode CloudEvent with the official SDK; prints {"total", "ids": [...], "refused": [...]}.
import { createInterface } from "node:readline";
import { HTTP, ValidationError } from "cloudevents";

const ids = [];
const refused = [];
for await (const line of createInterface({ input: process.stdin })) {
  if (!line.trim()) continue;
  try {
    const event = HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body: line });
    event.validate();
    ids.push(event.id);
  } catch (error) {
    const why = error instanceof ValidationError ? JSON.stringify(error.errors ?? error.message) : String(error);
    refused.push(why);
  }
}
console.log(JSON.stringify({ total: ids.length + refused.length, ids, refused }));
