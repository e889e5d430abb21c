/**
 * The helper that reads the rows. It answers as the engine does of the same run, or narrower: a finding with an equal one beside it, a path that is not in its
 * normal form, and every match beyond a ceiling are not excused. Held against the engine by OPA itself (server/test/opa/opa.test.ts).
 */
export const helper = `package exeat

import rego.v1

# True where the finding is excused now. \`asked\`: {repository, environment, finding}, names as the workspace has them, and \`findings\`, everything that
# was found in the same run, where that is more than the one finding. What lacks an attribute is matched by nothing that names it.
default excused(_) := false

excused(asked) if count(excuses(asked)) > 0

# The opt-outs that excuse it.
excuses(asked) := {row.opt_out |
	fresh
	some row in rows(asked, asked.finding)
	in_time(row)
	normal(asked.finding)
	covers(row, asked.finding)
	approves(row, asked, asked.finding)
	within_limit(row, asked)
}

# Not before the bundle was issued, and not once it has ended: what was revoked since is not known here.
fresh if {
	time.now_ns() >= (data.exeat.bundle.issued_at - 60000) * 1000000
	time.now_ns() < data.exeat.bundle.not_after * 1000000
}

in_time(row) if {
	time.now_ns() >= row.from * 1000000
	time.now_ns() < row.until * 1000000
}

rows(asked, finding) := object.get(data.exeat.opt_outs, [asked.repository, asked.environment, sprintf("%s/%s", [finding.tool, finding.rule])], [])

run(asked) := object.get(asked, "findings", [asked.finding])

mode(row, finding) := row.severities[object.get(finding, "severity", "unknown")]

covers(row, finding) if {
	mode(row, finding)
	matches(row.paths, finding, "path")
	matches(row.resources, finding, "resource")
	one_of(row.images, finding, "image")
}

matches(expressions, _, _) if expressions == null

matches(expressions, finding, key) if {
	some expression in expressions
	regex.match(expression, finding[key])
}

one_of(values, _, _) if values == null

one_of(values, finding, key) if finding[key] in values

# Relative, with nothing to resolve.
normal(finding) if not "path" in object.keys(finding)

normal(finding) if {
	is_string(finding.path)
	finding.path != ""
	not regex.match(\`(^|/)\\.{0,2}(/|$)|\\\\|^[A-Za-z]:/\`, finding.path)
}

approves(row, asked, finding) if {
	finding in run(asked)
	mode(row, finding) == "declared"
	row.fingerprints == null
}

approves(row, asked, finding) if {
	alone(asked, finding)
	print_ := fingerprint(asked, finding)
	by_impact(row, mode(row, finding), print_)
	listed(row.fingerprints, print_)
}

by_impact(_, how, _) if how == "declared"

by_impact(row, how, print_) if {
	how == "approved"
	print_ in row.approved
}

listed(values, _) if values == null

listed(values, value) if value in values

# Equals are told apart by their order, which one of them alone does not know.
alone(asked, finding) if count([other | some other in run(asked); identity(asked, other) == identity(asked, finding)]) == 1

# Every finding of the run that the opt-out might match counts, and never too few.
within_limit(row, _) if row.limit == null

within_limit(row, asked) if count([finding | some finding in run(asked); might(row.uid, asked, finding)]) <= row.limit

might(uid, asked, finding) if {
	some row in rows(asked, finding)
	row.uid == uid
	mode(row, finding)
	not surely_not(row, asked, finding)
}

surely_not(row, _, finding) if {
	normal(finding)
	not covers(row, finding)
}

surely_not(row, asked, finding) if {
	normal(finding)
	alone(asked, finding)
	not approves(row, asked, finding)
}

content(finding) := object.get(finding, "snippet", object.get(finding, "message", finding.title))

white := "[\\\\t\\\\n\\\\v\\\\f\\\\r \\\\x{a0}\\\\x{1680}\\\\x{2000}-\\\\x{200a}\\\\x{2028}\\\\x{2029}\\\\x{202f}\\\\x{205f}\\\\x{3000}\\\\x{feff}]+"

identity(asked, finding) := [
	finding.tool, finding.rule, data.exeat.repositories[asked.repository],
	object.get(finding, "path", null), object.get(finding, "resource", null),
	trim(regex.replace(content(finding), white, " "), " "), 0,
]

# As the engine computes it: JSON as of ECMA-262, which escapes less.
fingerprint(asked, finding) := crypto.sha256(concat("", ["exeat/fingerprint/v1\\u0000", strings.replace_n(
	{"\\\\u003c": "<", "\\\\u003e": ">", "\\\\u0026": "&", "\\\\u2028": "\\u2028", "\\\\u2029": "\\u2029"},
	json.marshal(identity(asked, finding)),
)]))
`
