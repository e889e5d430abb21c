/** The document of a renewal, drafted from the one that it renews: all but the name, the window and the reason stays. */
import { encodeDocument, formatInstant, type Instant, type Json, type OptOut } from '@exeat/core'

const minute = 60_000

/** `taken`: names in use. The reason is left empty, so that no draft is accepted as it is. */
export function draftOf(old: OptOut, now: Instant, taken: ReadonlySet<string>): { readonly name: string; readonly text: string } {
  const { metadata, spec } = encodeDocument(old) as { readonly metadata: Record<string, Json>; readonly spec: Record<string, Json> }
  const { window: { from, until } } = old.spec
  const name = nextName(old.metadata.name, taken)
  // Where the old one still stands the new one follows upon it.
  const begin = until > now ? until : Math.ceil(now / minute) * minute
  const draft = {
    apiVersion: 'exeat.dev/v1', kind: 'OptOut', metadata: { ...metadata, name },
    spec: {
      ...spec, reason: '', window: { from: formatInstant(begin as Instant), until: formatInstant((begin + (until - from)) as Instant) }, renews: old.metadata.name,
    },
  }
  return { name, text: `# A renewal of ${old.metadata.name}. Say in \`reason\` why the time was not enough.\n${yaml(draft, '')}` }
}

/** `log4j-hotfix` is followed by `log4j-hotfix-2`. A name has 63 characters at most. */
function nextName(name: string, taken: ReadonlySet<string>): string {
  const [, stem = name, number] = /^(.*?)-(\d{1,6})$/.exec(name) ?? []
  for (let count = number === undefined ? 2 : Number(number) + 1; ; count++) {
    const candidate = `${stem.slice(0, 62 - String(count).length)}-${count}`
    if (!taken.has(candidate)) return candidate
  }
}

/** Block mappings, lists in one line; every text that is not plainly one is quoted as JSON, which is YAML too. */
export function yaml(value: { readonly [key: string]: Json }, indent: string): string {
  return Object.entries(value).map(([key, member]) => {
    const isMapping = typeof member === 'object' && member !== null && !Array.isArray(member)
    return isMapping ? `${indent}${key}:\n${yaml(member as { readonly [key: string]: Json }, `${indent}  `)}` : `${indent}${key}: ${flow(member)}\n`
  }).join('')
}

function flow(value: Json): string {
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(flow).join(', ')}]`
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[A-Za-z][A-Za-z0-9./@-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value) || /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) ? value : JSON.stringify(value)
}
