// Reads [{secret, headers, body}, …] from standard input; prints for each whether the signature holds.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const messages = JSON.parse(readFileSync(0, "utf8"));
const found = messages.map(({ secret, headers, body }) => {
  try {
    return new Webhook(secret).verify(body, headers).type;
  } catch (problem) {
    return problem.name;
  }
});
console.log(JSON.stringify(found));
