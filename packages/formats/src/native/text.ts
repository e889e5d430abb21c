/** Text as other tools' formats can carry it: serialised, or refused. */
import { type Finding, formatInstant, type Instant } from '@exeat/core'
import { Document } from 'yaml'
import type { Match, RenderContext } from './types.ts'

/** Characters that break a line or hide what follows: controls, the line separators of Unicode, directional overrides, lone surrogates. */
const unsafe = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]|\p{Cs}/u

/** True where every character shows and none ends a line. */
export const isPlain = (text: string): boolean => !unsafe.test(text)

/** Characters with a meaning in the globs of Go's `path.Match` and its doublestar relatives. */
const globbing = /[*?[\]{}\\!]/u

/** Why a path cannot stand where the tool reads a pattern; undefined: it can. */
export function notLiteral(path: string): string | undefined {
  if (!isPlain(path)) return 'its path holds a control character'
  return globbing.test(path) ? 'its path holds a character that the tool reads as a pattern' : undefined
}

/** Free text on one line, so that no reader of any format takes a part of it for a line of its own. */
export const oneLine = (text: string): string => text.replaceAll(/\s+/gu, ' ').replaceAll(new RegExp(unsafe, 'gu'), '\ufffd').trim()

/** Comment lines of a file, made of fixed words and instants alone. */
export function heading({ now, exportAgainBy }: RenderContext): readonly string[] {
  return [
    `written by exeat export at ${formatInstant(now)}; do not edit, it is written anew`,
    ...(exportAgainBy === undefined ? [] : ['not evaluated while excused', `export again by ${formatInstant(exportAgainBy)}`]),
  ]
}

/** YAML with every string that could be read as something else quoted. `lineWidth: 0` folds nothing. */
export function yamlFile(value: object, context: RenderContext): string {
  const document = new Document(value, { version: '1.2', schema: 'core', aliasDuplicateObjects: false })
  document.commentBefore = heading(context).map((line) => ` ${line}`).join('\n')
  return document.toString({ lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' })
}

/** A basic string of TOML 1.0: `"`, `\` and everything below U+0020, and U+007F, are escaped. */
export function tomlString(text: string): string {
  const escaped = text.toWellFormed().replaceAll(/["\\\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => (
    character === '"' || character === '\\' ? `\\${character}` : `\\u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`))
  return `"${escaped}"`
}

/** For tools that count the written instant too. */
export const lastMillisecond = (ends: Instant): Instant => (ends - 1) as Instant

/** The same for tools that write whole seconds. */
export const lastSecond = (ends: Instant): Instant => (Math.floor((ends - 1) / 1000) * 1000) as Instant

/** RFC 3339 in UTC. */
export const lastInstant = (ends: Instant): string => formatInstant(lastMillisecond(ends))

/** A package URL that names one version, so that an upgrade is another. */
export const versioned = (resource: string | undefined): resource is string => resource !== undefined && /^pkg:[a-z0-9.+-]+\/[^?#]+@[^?#/]+/u.test(resource)

/** Every attribute of a finding that a match can name. */
export function wholeMatch({ tool, rule, path, resource, image, line }: Finding): Match {
  const attributes = { path, resource, image, line }
  return { tool, rule, ...Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined)) }
}
