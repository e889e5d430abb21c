/** Files of `.exeat` to what governs: decoded, checked against each other, digested. The slow path: loads YAML and the schemas. */
import {
  checkGovernance, compareProblems, type Decoded, type DecodedDocument, type DocumentKind, documentDigest, type DocumentTypes, optOutUid, type Problem, repositoryIdOf, type Sha256,
  type Workspace,
} from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import { readDocuments } from '@exeat/formats/yaml'
import type { CompiledGovernance, CompiledOptOut } from './compiled.ts'
import { folder } from './entries.ts'
import { type Impacts, readImpacts } from './impacts.ts'
import type { Files } from './objects.ts'
import { gitProblem, startOf } from './problem.ts'
import type { PlacedDocument, RefusedOptOutDocument } from './types.ts'

/**
 * @throws {ExeatError} with all reasons at once, sorted by place: files that do not parse, documents that are wrong and no opt-outs
 * (an opt-out is refused alone, rule 8), and what `checkGovernance` finds between them
 */
export function compileGovernance(files: Files, sha256: Sha256): CompiledGovernance {
  const read = files.documents.map(({ path, bytes }) => readDocuments(bytes, path))
  const { documents, problems } = checkGovernance(read.flatMap((file) => file.documents))
  const unparsed = read.flatMap((file) => file.problems)
  refuseRun(unparsed, documents, problems)

  const placed = placer(documents, sha256)
  const [workspace] = placed('Workspace')
  if (workspace === undefined) throw new ExeatError([noWorkspace])
  const optOuts = placed('OptOut')
  const impacts = readImpacts(files.impacts, new Set(optOuts.map(({ digest }) => digest)), sha256)
  return {
    workspace,
    policies: placed('OptOutPolicy'),
    aliases: placed('Aliases'),
    tests: placed('OptOutTest'),
    optOuts: optOuts.map((optOut) => compiledOptOut(optOut, workspace.document, impacts, sha256)),
    refused: documents.flatMap(refusedOptOut),
    warnings: [...files.ignored.map(ignored), ...impacts.warnings].sort(compareProblems),
  }
}

/** The workspace may stand in the file that does not parse: then its absence is not worth a word. */
function refuseRun(unparsed: readonly Problem[], documents: readonly Decoded[], between: readonly Problem[]): void {
  const broken = documents.flatMap((document) => (document.ok || document.kind === 'OptOut' ? [] : document.problems))
  const others = between.flatMap((problem) => (problem.code !== noWorkspace.code ? [problem] : unparsed.length + broken.length > 0 ? [] : [noWorkspace]))
  const refusing = [...unparsed, ...broken, ...others]
  if (refusing.length === 0) return
  // Those of opt-outs refuse no run, but whoever mends the files wants to see all at once.
  const alone = documents.flatMap((document) => (!document.ok && document.kind === 'OptOut' ? document.problems : []))
  const [first, ...more] = [...refusing, ...alone].sort(compareProblems)
  if (first !== undefined) throw new ExeatError([first, ...more])
}

const noWorkspace: Problem = {
  code: 'WORKSPACE_MISSING',
  message: `\`${folder}\` holds no Workspace document`,
  hint: 'write one: `exeat init`; where governance lives in another repository, run Exeat in a clone of that one, as no other repository is read from here',
}

type Placer = <K extends DocumentKind>(kind: K) => PlacedDocument<DocumentTypes[K]>[]

function placer(documents: readonly Decoded[], sha256: Sha256): Placer {
  return <K extends DocumentKind>(kind: K) => documents
    .filter((document): document is Extract<DecodedDocument, { kind: K }> => document.ok && document.kind === kind)
    .map(({ document, at }) => ({ document: document as DocumentTypes[K], digest: documentDigest(document, sha256), origin: at }))
}

function compiledOptOut(placed: PlacedDocument<DocumentTypes['OptOut']>, workspace: Workspace, { byOptOut }: Impacts, sha256: Sha256): CompiledOptOut {
  const { document, digest } = placed
  const identity = { workspace: workspace.spec.id, repositoryId: repositoryIdOf(document, workspace), name: document.metadata.name, digest }
  const impact = byOptOut.get(digest)
  return { ...placed, uid: optOutUid(identity, sha256), ...(impact === undefined ? {} : { impact }) }
}

function refusedOptOut(document: Decoded): RefusedOptOutDocument[] {
  if (document.ok || document.kind !== 'OptOut') return []
  const { name, at, problems } = document
  return [{ ...(name === undefined ? {} : { name }), origin: at, problems }]
}

function ignored(path: string): Problem {
  const file = `${folder}/${path}`
  return gitProblem('FILE_IGNORED', `\`${file}\` is not read: documents end in \`.yaml\`, \`.yml\` or \`.json\``, 'rename it, or keep it elsewhere', startOf(file))
}
