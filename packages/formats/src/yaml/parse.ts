/** Text to YAML nodes: depth bounded before anything recurses, every error of the parser in our words. */
import { Composer, Lexer, Parser } from 'yaml'
import type { Document, ParsedNode, YAMLError } from 'yaml'
import type { Source, YamlProblem } from './source.ts'

/** Deepest nesting of a document; the kinds need 7. */
const deepest = 32
/** Most lexemes of a file. 1 MiB of documents has a quarter of a million; more is noise, and each may cost the parser an error of its own. */
const mostLexemes = 400_000

type Token = Parameters<Composer['next']>[0]
type ParsedDocument = Document.Parsed<ParsedNode, true>

/** The documents of a file, or what keeps it from being YAML 1.2. */
export function parseYaml(source: Source): readonly ParsedDocument[] | { readonly problems: readonly YamlProblem[] } {
  const tokens = tokensOf(source)
  if ('code' in tokens) return { problems: [tokens] }
  const directives = tokens.filter((token) => token.type === 'directive')
  if (directives.length > 0) return { problems: directives.map((token) => directiveProblem(source, token.offset)) }
  const options = { version: '1.2', schema: 'core', strict: true, uniqueKeys: false, merge: false, prettyErrors: false } as const
  const documents = [...new Composer<ParsedNode, true>(options).compose(tokens, false, source.text.length)]
  // One a document: what follows the first is mostly its echo.
  const problems = documents.flatMap((document) => [...document.errors, ...document.warnings.filter(isError)].slice(0, 1))
  return problems.length === 0 ? documents : { problems: problems.map((problem) => syntaxProblem(source, problem)) }
}

/** A tag that nothing knows is told with the other tags, by document. */
const isError = (warning: YAMLError): boolean => warning.code !== 'TAG_RESOLVE_FAILED'

const containers: ReadonlySet<string> = new Set(['block-map', 'block-seq', 'flow-collection'])

/** The concrete syntax tree, built without recursion; stops as soon as it is too deep, because composing it does recurse. */
function tokensOf(source: Source): Token[] | YamlProblem {
  const parser = new Parser()
  const tokens: Token[] = []
  let lexemes = 0
  for (const lexeme of new Lexer().lex(source.text)) {
    if (++lexemes > mostLexemes) {
      return { code: 'YAML_TOO_LARGE', message: `the file has more than ${mostLexemes} words and signs`, hint: 'split it: `.exeat/` may hold any number of files', at: source.placeOf(parser.offset) }
    }
    for (const token of parser.next(lexeme)) tokens.push(token)
    // Under the document stand only collections, but for what is on top.
    const top = parser.stack.length - 1 > deepest ? parser.stack.at(-1) : undefined
    if (top !== undefined && containers.has(top.type)) {
      return { code: 'YAML_TOO_DEEP', message: `lists and mappings are nested deeper than ${deepest}`, at: source.placeOf(top.offset) }
    }
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

function directiveProblem(source: Source, offset: number): YamlProblem {
  return { code: 'YAML_DIRECTIVE', message: 'the file has a `%` directive', hint: 'remove it: documents are YAML 1.2 without own tags', at: source.placeOf(offset) }
}

/** What the parser's codes mean; its own words differ from release to release. */
const meanings: Readonly<Partial<Record<YAMLError['code'], string>>> = {
  ALIAS_PROPS: 'an alias has an anchor or a tag',
  BAD_ALIAS: 'an alias names nothing',
  BAD_COLLECTION_TYPE: 'a tag does not fit its value',
  BAD_DQ_ESCAPE: 'a double-quoted string has an unknown escape',
  BAD_INDENT: 'the indentation does not fit',
  BAD_PROP_ORDER: 'an anchor or a tag stands in the wrong place',
  BAD_SCALAR_START: 'a string begins with a character that must be quoted',
  BLOCK_AS_IMPLICIT_KEY: 'a mapping stands inside a key: a colon may need quotes',
  BLOCK_IN_FLOW: 'an indented list or mapping stands inside brackets',
  KEY_OVER_1024_CHARS: 'a key is longer than 1,024 characters',
  MISSING_CHAR: 'a closing quote, bracket or colon is missing',
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines: a colon or a quote may be missing',
  MULTIPLE_ANCHORS: 'a value has several anchors',
  MULTIPLE_TAGS: 'a value has several tags',
  TAB_AS_INDENT: 'a tab is used as indentation',
  UNEXPECTED_TOKEN: 'something stands where it cannot',
}

function syntaxProblem(source: Source, error: YAMLError): YamlProblem {
  const message = meanings[error.code] ?? 'the file is not YAML 1.2'
  const at = source.placeOf(error.pos[0])
  if (error.code === 'TAB_AS_INDENT') return { code: 'YAML_TAB', message, hint: 'indent with spaces', at }
  return { code: 'YAML_SYNTAX', message, at }
}
