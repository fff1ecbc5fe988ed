// Usage: node cloudevents_reader.mjs PORT. Agrees to be sent events and reads each request with the official SDK.
// GET answers what it has read: {"events": {path: {id: event}}, "refused": [...]}, an event as the SDK would write it.
import { createServer } from "node:http";
import { HTTP } from "cloudevents";

const events = {}, refused = [];

createServer(async (request, response) => {
  if (request.method === "GET") return response.end(JSON.stringify({ events, refused }));
  if (request.method === "OPTIONS") {
    const origin = request.headers["webhook-request-origin"] ?? "";
    return response.writeHead(200, { "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*" }).end();
  }
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  try {
    const read = HTTP.toEvent({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    for (const event of [read].flat()) {
      event.validate();
      (events[request.url] ??= {})[event.id] = event;
    }
    response.writeHead(204).end();
  } catch (error) {
    refused.push(`${request.url}: ${error} ${JSON.stringify(error.errors ?? [])}`);
    response.writeHead(415).end();
  }
}).listen(Number(process.argv[2]), "127.0.0.1");
