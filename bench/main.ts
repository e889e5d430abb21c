/** `npm run bench [-- SECTION… --full]`: figures of each section, and ratios against work done in the same run; `--full` scales nothing up from a sample. */
import { existsSync } from 'node:fs'

/** A section's file exports `run`, or measures while it is imported. */
const sections: Readonly<Record<string, string>> = {
  decide: './decide.ts', engines: './engines.ts', sarif: './sarif.ts', command: './command.ts', log: './log.ts', 'log-store': './log-store.ts', 'log-start': './log-start.ts', bundle: './bundle.ts', review: './review.ts', simulate: './simulate.ts', scan: './scan.ts', events: './events.ts', authzen: './authzen.ts',
}

const asked = process.argv.slice(2).filter((argument) => argument !== '--full')
const unknown = asked.filter((name) => !Object.hasOwn(sections, name))
if (unknown.length > 0) {
  console.error(`no section \`${unknown.join('`, `')}\`; there are ${Object.keys(sections).join(', ')}`)
  process.exit(64)
}
for (const [name, file] of Object.entries(sections)) {
  if (asked.length > 0 && !asked.includes(name)) continue
  const url = new URL(file, import.meta.url)
  if (!existsSync(url)) {
    console.log(`\n== ${name}: skipped, bench/${file.slice(2)} is not there`)
    continue
  }
  console.log(`\n== ${name}`)
  const section = await import(url.href) as { readonly run?: () => unknown }
  await section.run?.()
}
