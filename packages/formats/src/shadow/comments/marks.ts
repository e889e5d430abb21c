/** The marks by which comments silence tools: each as its tool reads it, and where it must stand to be more than prose. */
import { expiryOf, type Expiry } from '../expiry.ts'
import { isFamily, type Language, type Special } from './language.ts'

/** What one mark silences. */
export interface Marked {
  readonly tool: string
  readonly rules: readonly string[]
  readonly mark: string
  readonly reason?: string
  readonly expires?: Expiry
}

export interface MarkContext {
  readonly language: Language | Special
  readonly block: boolean
  /** What stands after the match in the same comment line. */
  readonly rest: string
}

export interface Mark {
  /** Global; its groups are read by `read`. */
  readonly find: RegExp
  /** `start`: only where a comment, or a part of it after `#`, `//`, `;` or `--`, begins. */
  readonly place: 'start' | 'any'
  /** Silences what stands on the same line alone: a line without code has nothing to silence. */
  readonly sameLine?: true
  /** A bare mark that its tool takes and that people also write about. */
  readonly read: (match: RegExpExecArray, context: MarkContext) => Marked | undefined
}

const words = (text: string | undefined): readonly string[] => (text ?? '').split(/[\s,]+/).filter((word) => word !== '')
const orAll = (rules: readonly string[]): readonly string[] => (rules.length === 0 ? ['*'] : rules)

/** What is written after a mark, without what sets it apart; undefined where that says nothing. */
export function reasonOf(text: string): string | undefined {
  const said = text.replace(/^[\s\-–—:;,.(#/*=]+/, '').replace(/[\s)*}/-]+$/, '').trim()
  return /[\p{L}\p{N}]{2}/u.test(said) ? said.slice(0, 500) : undefined
}

const withReason = (marked: Omit<Marked, 'reason'>, text: string): Marked => {
  const reason = reasonOf(text)
  return reason === undefined ? marked : { ...marked, reason }
}

/** A bare mark that is spoken of: `nosec comments are forbidden`. */
const spokenOf = /^\W*(?:is|are|was|were|comments?|annotations?|markers?|directives?|pragmas?|should|must|may|can|cannot|will|does|do|means|suppress\w*|support\w*|handling|pars\w+|regex\w*|statements?|tags?|usage|and|or|vs\.?|here\?)\b/i

const bare = (rest: string): boolean => !spokenOf.test(rest)

const securityRule = /^(?:security|security-node|no-secrets|no-unsanitized|scanjs-rules|xss|pii|anti-trojan-source|no-wildcard-postmessage|@microsoft\/sdl|@rushstack\/security|@shopify\/prefer-security|sonarjs|regexp|redos|vue\/no-v-html|react\/no-danger|react\/jsx-no-(?:target-blank|script-url)|no-eval|no-implied-eval|no-new-func|no-script-url|@typescript-eslint\/no-implied-eval|jam3\/no-sanitizer-with-danger)(?:$|\/|-)|^(?:vue\/no-v-html|react\/no-danger(?:-with-children)?|no-eval)$/

function eslint(match: RegExpExecArray, { block, rest }: MarkContext): Marked | undefined {
  const [, form = ''] = match
  // Without a suffix only a block comment counts (ESLint, "Disabling rules").
  if (form === '' && !block) return undefined
  const [list = '', reason = ''] = rest.split(/\s-{2,}\s/, 2)
  const rules = list.split(',').map((rule) => rule.trim()).filter((rule) => rule !== '')
  if (rules.some((rule) => /\s/.test(rule))) return undefined
  const kept = rules.length === 0 ? ['*'] : rules.filter((rule) => securityRule.test(rule))
  return kept.length === 0 ? undefined : withReason({ tool: 'eslint', rules: kept, mark: `eslint-disable${form}` }, reason)
}

/** Codes of flake8-bandit; a list without one silences style alone. */
function noqa(match: RegExpExecArray, { rest }: MarkContext): Marked | undefined {
  const [whole, , codes] = match
  if (codes === undefined) return /^\s*:\s*\w/.test(rest) || !bare(rest) ? undefined : withReason({ tool: 'ruff', rules: ['*'], mark: 'noqa' }, rest)
  const kept = words(codes).filter((code) => /^S\d+$/i.test(code)).map((code) => code.toUpperCase())
  return kept.length === 0 ? undefined : withReason({ tool: 'ruff', rules: kept, mark: /ruff|flake8/i.test(whole) ? 'noqa (file)' : 'noqa' }, rest)
}

/** Bandit takes ids and names of its tests, and anything else as no list at all. */
function bandit(_: RegExpExecArray, { rest, language }: MarkContext): Marked | undefined {
  if (!isFamily(language, 'python') || !bare(rest)) return undefined
  const list = /^[\s:]*((?:B\d{3}|[a-z]+(?:_[a-z0-9]+)+)(?:[\s,]+(?:B\d{3}|[a-z]+(?:_[a-z0-9]+)+))*)/.exec(rest)
  return withReason({ tool: 'bandit', rules: orAll(words(list?.[1])), mark: 'nosec' }, rest.slice(list?.[0].length ?? 0))
}

function gosec(match: RegExpExecArray, { rest, language }: MarkContext): Marked | undefined {
  if (!isFamily(language, 'go') || !bare(rest)) return undefined
  const list = /^[\s:]*(G\d{3}(?:[\s,]+G\d{3})*)/.exec(rest)
  return withReason({ tool: 'gosec', rules: orAll(words(list?.[1])), mark: match[0].startsWith('#') ? '#nosec' : 'gosec:disable' }, rest.slice(list?.[0].length ?? 0))
}

function golangci(match: RegExpExecArray, { rest, language }: MarkContext): Marked | undefined {
  if (!isFamily(language, 'go')) return undefined
  const linters = words(match[1])
  if (linters.length > 0 && !linters.some((linter) => linter === 'gosec' || linter === 'all')) return undefined
  return bare(rest) ? withReason({ tool: 'gosec', rules: ['*'], mark: 'nolint' }, rest) : undefined
}

function infrastructure(match: RegExpExecArray): Marked | undefined {
  const [, tool = '', what = ''] = match
  const [id = '', ...parts] = what.replace(/[.,;)]+$/, '').split(':')
  const until = parts.indexOf('exp')
  if (!/^[\w*[\]=.-]+$/.test(id) || !/\w|\*/.test(id)) return undefined
  const written = until < 0 ? undefined : parts[until + 1]
  return { tool, rules: [id], mark: `${tool}:ignore`, ...(written === undefined ? {} : { expires: expiryOf(written) }) }
}

const simple = (tool: string, mark: string) => (match: RegExpExecArray, { rest }: MarkContext): Marked =>
  withReason({ tool, rules: orAll(words(match[1])), mark }, rest)
const ids = '[\\w@./*:-]+(?:[ \\t]*,[ \\t]*[\\w@./*:-]+)*'

export const marks: readonly Mark[] = [
  { find: new RegExp(`\\bnosem(?:grep)?\\b(?:[ \\t]*:[ \\t]*(${ids}))`, 'gi'), place: 'any', read: simple('semgrep', 'nosemgrep') },
  { find: /\bnosem(?:grep)?\b(?![ \t]*:|-)/gi, place: 'start', read: (match, context) => (bare(context.rest) ? simple('semgrep', 'nosemgrep')(match, context) : undefined) },
  { find: /\bnosec\b/gi, place: 'start', sameLine: true, read: bandit },
  { find: /#\s?nosec\b|\bgosec:disable\b/g, place: 'start', read: gosec },
  { find: /(?:\b(?:ruff|flake8)\s*:\s*)noqa\b(?![-\w])()(?::[ \t]*([A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?/gi, place: 'start', read: (match, context) => (isFamily(context.language, 'python') ? noqa(match, context) : undefined) },
  { find: /(?<!(?:ruff|flake8)\s*:\s*)\bnoqa\b(?![-\w])()(?:[ \t]*:[ \t]*([A-Z]+[0-9]+(?:[,\s]+[A-Z]+[0-9]+)*))?/gi, place: 'start', sameLine: true, read: (match, context) => (isFamily(context.language, 'python') ? noqa(match, context) : undefined) },
  { find: /\bNOLINT(NEXTLINE|BEGIN)\b(?:\(([^)\n]*)\))?/g, place: 'start', read: clang },
  { find: /\bNOLINT()\b(?:\(([^)\n]*)\))?/g, place: 'start', sameLine: true, read: clang },
  { find: /\bnolint\b(?::[ \t]*([\w-]+(?:[ \t]*,[ \t]*[\w-]+)*))?/g, place: 'start', read: golangci },
  { find: /\beslint-disable(-next-line|-line)?(?![\w-])/g, place: 'start', read: (match, context) => (isScript(context.language) ? eslint(match, context) : undefined) },
  { find: /\b(trivy|tfsec):ignore:(\S+)/g, place: 'any', read: infrastructure },
  { find: /\b(?:checkov|bridgecrew|cortex):skip[ \t]*=[ \t]*([A-Z][A-Z0-9_]*_[A-Z0-9_]+(?:,[ \t]*[A-Z][A-Z0-9_]*_[A-Z0-9_]+)*)/g, place: 'any', read: (match, { rest }) => withReason({ tool: 'checkov', rules: words(match[1]), mark: 'checkov:skip' }, rest.split(/\s(?:checkov|bridgecrew):skip/)[0] ?? '') },
  { find: /\bgitleaks:allow\b/g, place: 'any', sameLine: true, read: simple('gitleaks', 'gitleaks:allow') },
  { find: /\btrufflehog:ignore\b/g, place: 'any', sameLine: true, read: simple('trufflehog', 'trufflehog:ignore') },
  { find: /\bggignore(?:-start)?\b/g, place: 'start', read: (match, context) => (bare(context.rest) ? simple('gitguardian', 'ggignore')(match, context) : undefined) },
  { find: /\bpragma:\s*(?:allow|white)list(?:\s+nextline)?\s+secret\b/gi, place: 'any', read: simple('detect-secrets', 'pragma: allowlist secret') },
  { find: /\bkics-scan\s+(?:ignore(?:-line|-block)?\b|disable\s*=\s*([\w-]+(?:\s*,\s*[\w-]+)*))/g, place: 'start', read: (match, context) => (bare(context.rest) ? simple('kics', 'kics-scan')(match, context) : undefined) },
  { find: /\bhadolint\s+(?:global\s+)?ignore\s*=\s*([A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)/g, place: 'start', read: (match, context) => (isFamily(context.language, 'docker') ? simple('hadolint', 'hadolint ignore')(match, context) : undefined) },
  { find: /\bcodeql\s*\[([\w@./-]+)\]/g, place: 'start', read: simple('codeql', 'codeql') },
  { find: /\blgtm\s*\[([\w@./, -]+)\]/g, place: 'start', read: simple('codeql', 'lgtm') },
  { find: /^\s*lgtm\s*$/g, place: 'any', sameLine: true, read: simple('codeql', 'lgtm') },
  { find: /\b(?:file\s+)?deepcode\s+ignore\s+([\w/-]+(?:\s*,\s*[\w/-]+)*)/g, place: 'start', read: simple('snyk', 'deepcode ignore') },
  { find: /\bNOSONAR\b(?:\(([^)\n]*)\))?/g, place: 'start', sameLine: true, read: (match, context) => (bare(context.rest) ? simple('sonarqube', 'NOSONAR')(match, context) : undefined) },
  { find: /\bts:skip[ \t]*=[ \t]*([\w.]+)/g, place: 'any', read: simple('terrascan', 'ts:skip') },
  { find: new RegExp(`\\btflint-ignore(?:-file)?:[ \\t]*(${ids})`, 'g'), place: 'start', read: simple('tflint', 'tflint-ignore') },
  { find: new RegExp(`\\bnjsscan-ignore:[ \\t]*(${ids})`, 'g'), place: 'start', read: simple('njsscan', 'njsscan-ignore') },
  { find: new RegExp(`\\bmobsf-ignore:[ \\t]*(${ids})`, 'g'), place: 'start', read: simple('mobsfscan', 'mobsf-ignore') },
]

function clang(match: RegExpExecArray, { rest, language }: MarkContext): Marked | undefined {
  const [, form = '', list] = match
  if (!isFamily(language, 'c') || (list === undefined && !bare(rest))) return undefined
  return withReason({ tool: 'clang-tidy', rules: orAll(words(list)), mark: `NOLINT${form}` }, rest)
}

const isScript = (language: Language | Special): boolean => isFamily(language, 'script') || language === 'markup'
