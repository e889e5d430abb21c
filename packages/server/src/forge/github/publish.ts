/** A verdict at a pull request: a check run on its head, and a comment that each run writes over. */
import type { ChangePlace, ForgeAnnotation, ForgeVerdict, ProposedChange, Published } from '../../ports/forge.ts'
import { checkRun, comment, graphViewer } from './answers.ts'
import { type GitHub, read, repositoryPath } from './hub.ts'

const conclusions = { allowed: 'success', waiting: 'action_required', refused: 'failure', invalid: 'failure' } as const
export const checkName = 'exeat review'

/** As many as one request takes, and as many as are worth reading. */
const annotationsAtOnce = 50
const mostAnnotations = 500
/** Characters of a comment, and of the summary of a check. */
const mostText = 65_535

export async function publish(hub: GitHub, change: ProposedChange, marker: string, verdict: ForgeVerdict): Promise<Published> {
  const [check, written] = [await writeCheck(hub, change, verdict), await writeComment(hub, change, marker, verdict)]
  return { ...(check === undefined ? {} : { check }), ...(written === undefined ? {} : { comment: written }) }
}

/** A check of the same name and head by the same app takes the place of an earlier one. */
async function writeCheck({ http }: GitHub, { repository, head }: ProposedChange, { outcome, title, markdown, annotations }: ForgeVerdict): Promise<string | undefined> {
  const path = `${repositoryPath(repository)}/check-runs`
  const pieces = chunks(annotations.slice(0, mostAnnotations).map(annotationOf), annotationsAtOnce)
  const output = { title: title.slice(0, 255), summary: cut(markdown) }
  const made = await http.find(path, {
    method: 'POST', body: { name: checkName, head_sha: head, status: 'completed', conclusion: conclusions[outcome], output: { ...output, annotations: pieces[0] ?? [] } },
  })
  if (made === undefined) return undefined
  const { id, html_url: url } = read(checkRun, made, path)
  for (const piece of pieces.slice(1)) {
    // oxlint-disable-next-line no-await-in-loop -- each adds to what the last has left
    await http.ask(`${path}/${id}`, { method: 'PATCH', body: { output: { ...output, annotations: piece } } })
  }
  return url ?? undefined
}

const annotationOf = ({ path, line, level, title, message }: ForgeAnnotation) =>
  ({ path, start_line: line, end_line: line, annotation_level: level, title: title.slice(0, 255), message: message.slice(0, 4000) })

export async function earlierComment(hub: GitHub, place: ChangePlace, marker: string): Promise<string | undefined> {
  return (await ownComment(hub, place, marker))?.body ?? undefined
}

async function writeComment(hub: GitHub, place: ChangePlace, marker: string, { markdown }: ForgeVerdict): Promise<string | undefined> {
  const earlier = await ownComment(hub, place, marker)
  const path = `${repositoryPath(place.repository)}/issues`
  const body = { body: cut(markdown) }
  if (earlier?.body === body.body) return earlier.html_url
  const answer = earlier === undefined
    ? await hub.http.find(`${path}/${place.number}/comments`, { method: 'POST', body })
    : await hub.http.find(`${path}/comments/${earlier.id}`, { method: 'PATCH', body })
  return answer === undefined ? undefined : read(comment, answer, path).html_url
}

/** Of this very account: anybody can write the marker, and what others wrote is neither believed nor written over. */
async function ownComment(hub: GitHub, { repository, number }: ChangePlace, marker: string) {
  const path = `${repositoryPath(repository)}/issues/${number}/comments`
  const listed = await hub.http.findList(path)
  const marked = (listed ?? []).map((each) => read(comment, { body: each }, path)).filter(({ body }) => body?.startsWith(marker) === true)
  if (marked.length === 0) return undefined
  const { login } = read(graphViewer, { body: await hub.graph('query { viewer { login } }', {}) }, '/graphql').data.viewer
  // An app is `name[bot]` here, and may be `name` there; a person of that name is somebody else.
  return marked.find(({ user }) => user !== null && (user.login === login || (user.type === 'Bot' && user.login === `${login}[bot]`)))
}

const cut = (text: string): string => (text.length <= mostText ? text : `${text.slice(0, mostText - 60)}\n\n… cut here: run \`exeat review\` for all of it\n`)

function chunks<T>(list: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size))
}
