import type { Aliases } from '../document/schema.ts'

/** Every control that is the same as the given one, itself included, sorted. */
export type SameControls = (control: string) => readonly string[]

/**
 * Governed aliases as equivalence classes: entries that share a control, in whatever document, are one class.
 * `canonical` spells a control's tool as findings spell it.
 */
export function compileAliases(documents: readonly Aliases[], canonical: (control: string) => string): { readonly same: SameControls; readonly classes: readonly (readonly string[])[] } {
  const classOf = new Map<string, Set<string>>()
  for (const entry of documents.flatMap((document) => document.spec.controls)) {
    const joined = new Set(entry.map(canonical).flatMap((control) => [control, ...classOf.get(control) ?? []]))
    for (const control of joined) classOf.set(control, joined)
  }
  const classes = [...new Set(classOf.values())].map((members) => [...members].sort())
  const sameAs = new Map(classes.flatMap((members) => members.map((control) => [control, members] as const)))
  return { same: (control) => sameAs.get(control) ?? [control], classes }
}
