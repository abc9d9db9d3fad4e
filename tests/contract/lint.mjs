// Lints openapi.yaml: lint.mjs FILE. Every rule that is on is an error; exit 1 when one is broken.
import { createConfig, formatProblems, getTotals, lint } from "@redocly/openapi-core";

const config = await createConfig({
	extends: ["recommended-strict"],
	telemetry: "off",
	rules: {
		"info-license": "off",
		"no-server-example.com": "off",
		"operation-operationId": "error",
		"operation-operationId-url-safe": "error",
		"operation-tag-defined": "error",
		"no-http-verbs-in-paths": "off",
		"path-parameters-defined": "error",
		"paths-kebab-case": "error",
		"no-schema-type-mismatch": "error",
		"no-duplicated-tag-names": "error",
		"no-invalid-parameter-examples": "error",
		"no-invalid-schema-examples": "error",
		"no-invalid-media-type-examples": "error",
	},
});
const problems = await lint({ ref: process.argv[2], config });
const totals = getTotals(problems);
formatProblems(problems, { format: "stylish", totals, version: "1" });
const found = totals.errors + totals.warnings;
console.log(`${process.argv[2]}: ${found} problems`);
process.exitCode = found > 0 ? 1 : 0;
