/** Comment and string syntax by language family, and which file is written in which. */

export interface StringSyntax {
  readonly open: string
  readonly close: string
  /** What makes the next character mean itself; `double`: the closing mark written twice. */
  readonly escape?: '\\' | '`' | 'double'
  /** Whether it may run over lines. One that may not ends with its line, so that a stray quote costs one line and no more. */
  readonly lines?: true
  /** What switches back to code inside it, until the matching `}`. */
  readonly code?: '${' | '#{'
}

export interface Language {
  readonly line: readonly string[]
  readonly block: readonly (readonly [open: string, close: string])[]
  readonly nested?: true
  readonly strings: readonly StringSyntax[]
  /** A line comment begins only after white space, or what ends a word. */
  readonly afterSpace?: true
  /** A character literal: `'` quotes one character and is a lifetime or a digit separator elsewhere. */
  readonly character?: true
  /** `/` may begin a regular expression. */
  readonly regex?: true
  /** `<<END` begins text that runs to a line of `END`; what stands between is written here. */
  readonly heredoc?: RegExp
}

/** Languages that are not scanned by the table: each has a reader of its own. */
export type Special = 'yaml' | 'docker' | 'markup' | 'markdown' | 'lines'

const double: StringSyntax = { open: '"', close: '"', escape: '\\' }
const single: StringSyntax = { open: "'", close: "'", escape: '\\' }
const overLines = (syntax: StringSyntax): StringSyntax => ({ ...syntax, lines: true })
const triple = (quote: string): StringSyntax => ({ open: quote.repeat(3), close: quote.repeat(3), escape: '\\', lines: true })
const slashes = { line: ['//'], block: [['/*', '*/']] } as const

const c: Language = { ...slashes, strings: [double], character: true }
const java: Language = { ...slashes, strings: [triple('"'), double], character: true }
const script: Language = { ...slashes, strings: [single, double, { open: '`', close: '`', escape: '\\', lines: true, code: '${' }], regex: true }
const go: Language = { ...slashes, strings: [double, { open: '`', close: '`', lines: true }], character: true }
const rust: Language = { ...slashes, nested: true, strings: [{ open: 'r##"', close: '"##', lines: true }, { open: 'r#"', close: '"#', lines: true }, overLines(double)], character: true }
const sharp: Language = { ...slashes, strings: [triple('"'), { open: '@"', close: '"', escape: 'double', lines: true }, { open: '$@"', close: '"', escape: 'double', lines: true }, double], character: true }
const groovy: Language = { ...slashes, strings: [triple('"'), triple("'"), single, double] }
const php: Language = { line: ['//', '#'], block: [['/*', '*/']], strings: [single, double], heredoc: /<<<[ \t]*(['"]?)([A-Za-z_]\w*)\1/y }
const python: Language = { line: ['#'], block: [], strings: [triple('"'), triple("'"), single, double] }
const ruby: Language = { line: ['#'], block: [['\n=begin', '\n=end']], strings: [overLines(single), { ...overLines(double), code: '#{' }], heredoc: /<<[~-]?(['"]?)([A-Z_]\w*)\1/y, afterSpace: true }
const shell: Language = { line: ['#'], block: [], strings: [{ open: "$'", close: "'", escape: '\\', lines: true }, { open: "'", close: "'", lines: true }, overLines(double)], heredoc: /<<-?[ \t]*\\?(['"]?)([A-Za-z_]\w*)\1/y, afterSpace: true }
const make: Language = { line: ['#'], block: [], strings: [], afterSpace: true }
const hcl: Language = { line: ['#', '//'], block: [['/*', '*/']], strings: [{ ...double, code: '${' }], heredoc: /<<-?[ \t]*(['"]?)([A-Za-z_]\w*)\1/y }
const sql: Language = { line: ['--'], block: [['/*', '*/']], strings: [{ open: "'", close: "'", escape: 'double', lines: true }, { open: '"', close: '"', escape: 'double', lines: true }] }
const lua: Language = { line: ['--'], block: [['--[[', ']]']], strings: [{ open: '[[', close: ']]', lines: true }, single, double] }
const haskell: Language = { line: ['--'], block: [['{-', '-}']], nested: true, strings: [double], character: true }
const power: Language = { line: ['#'], block: [['<#', '#>']], strings: [{ open: '@"', close: '\n"@', lines: true }, { open: "@'", close: "\n'@", lines: true }, { open: "'", close: "'", escape: 'double', lines: true }, { open: '"', close: '"', escape: '`', lines: true }], afterSpace: true }
const toml: Language = { line: ['#'], block: [], strings: [triple('"'), { open: "'''", close: "'''", lines: true }, double, { open: "'", close: "'" }] }
const css: Language = { line: [], block: [['/*', '*/']], strings: [single, double] }
const lisp: Language = { line: [';'], block: [['#|', '|#']], strings: [overLines(double)] }
const erlang: Language = { line: ['%'], block: [], strings: [double] }
const rego: Language = { line: ['#'], block: [], strings: [double, { open: '`', close: '`', lines: true }] }
const nix: Language = { line: ['#'], block: [['/*', '*/']], strings: [{ open: "''", close: "''", lines: true }, { ...overLines(double), code: '${' }] }

const extensionsOf: readonly (readonly [Language | Special, string])[] = [
  [c, 'c h cc cpp cxx hh hpp hxx cu cuh m mm ino proto thrift glsl v sv d dart zig sol vala bicep jsonnet libsonnet cue'],
  [java, 'java kt kts scala sc swift'],
  [script, 'js jsx ts tsx mjs cjs mts cts json json5 jsonc'],
  [go, 'go'], [rust, 'rs'], [sharp, 'cs csx fs'], [groovy, 'groovy gradle jenkinsfile'], [php, 'php phtml'], [python, 'py pyi pyw bzl star bazel tac'],
  [ruby, 'rb rake gemspec podspec cr ex exs pl pm r jl'], [shell, 'sh bash zsh ksh bats fish ash'], [make, 'mk mak cmake env conf cfg properties gitignore'],
  [hcl, 'tf hcl tfvars nomad'], [sql, 'sql psql ddl'], [lua, 'lua'], [haskell, 'hs elm'], [power, 'ps1 psm1 psd1'], [toml, 'toml'], [css, 'css scss less sass'],
  [lisp, 'lisp clj cljs edn el scm'], [erlang, 'erl hrl tex'], [rego, 'rego'], [nix, 'nix'],
  ['yaml', 'yaml yml'], ['docker', 'dockerfile containerfile'], ['markup', 'html htm xml xhtml svg vue svelte astro csproj vbproj config xaml jsp cshtml erb ejs hbs'], ['markdown', 'md markdown mdx'],
]
const byExtension: ReadonlyMap<string, Language | Special> = new Map(extensionsOf.flatMap(([language, extensions]) => extensions.split(' ').map((extension) => [extension, language] as const)))

const byName: ReadonlyMap<string, Language | Special> = new Map<string, Language | Special>([
  ['makefile', make], ['gnumakefile', make], ['cmakelists.txt', make], ['jenkinsfile', groovy], ['gemfile', ruby], ['rakefile', ruby], ['vagrantfile', ruby], ['podfile', ruby], ['fastfile', ruby], ['brewfile', ruby],
  ['dockerfile', 'docker'], ['containerfile', 'docker'], ['justfile', make], ['build', python], ['workspace', python], ['tiltfile', python], ['.env', make], ['.bashrc', shell], ['.profile', shell], ['go.mod', go], ['.envrc', shell],
])

/** Text for people, where a mark is always spoken of and never meant. */
const prose = /\.(?:txt|rst|adoc|asciidoc|log|csv|tsv|po|pot|ipynb|lock|sum|map|diff|patch|snap)$/i
const template = /\.(?:j2|jinja2?|tmpl|tpl|template|in|dist|sample|example|mustache|gotmpl)$/i

/** How the file is written; undefined: no comment of it counts. `first`: its first line, for what has no extension. */
export function languageOf(path: string, first: string): Language | Special | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase().replace(template, '')
  const known = byName.get(name) ?? (/^(?:dockerfile|containerfile)\b/.test(name) ? 'docker' : /^jenkinsfile\b/.test(name) ? groovy : undefined)
  if (known !== undefined) return known
  if (prose.test(name)) return undefined
  const dot = name.lastIndexOf('.')
  return (dot > 0 ? byExtension.get(name.slice(dot + 1)) : undefined) ?? shebang(first) ?? 'lines'
}

function shebang(first: string): Language | undefined {
  const command = /^#![^\n]*?\b(bash|zsh|ksh|dash|sh|python[\d.]*|node|deno|ruby|perl|php)\b/.exec(first)?.[1]
  if (command === undefined) return undefined
  if (command.startsWith('python')) return python
  return command === 'node' || command === 'deno' ? script : command === 'ruby' || command === 'perl' ? ruby : command === 'php' ? php : shell
}

export const shellLanguage = shell
export const scriptLanguage = script
export const groovyLanguage = groovy
export const isFamily = (language: Language | Special | undefined, family: 'python' | 'go' | 'script' | 'c' | 'docker'): boolean =>
  language === (family === 'docker' ? 'docker' : { python, go, script, c }[family])
