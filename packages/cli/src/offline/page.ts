/** An offline grant for people: everything that two of them sign. */
import { formatInstant } from '@exeat/core'
import { comparisonCode } from '@exeat/core/envelope'
import type { ReadOfflineGrant } from '@exeat/core/offline'
import { row } from '../acts/page.ts'
import type { Io } from '../edge/io.ts'
import { clipped, oneLine, shown } from '../text/safe.ts'
import { fromNow } from '../text/span.ts'
import { plural } from '../text/wrap.ts'
import { expectedRows } from '../acts/signed-text.ts'
import { stylesFor } from '../text/style.ts'

/** What people read to each other: of the whole grant. */
export const grantCode = ({ digest }: Pick<ReadOfflineGrant, 'digest'>): string => comparisonCode(digest)

export function grantPage({ grant, digest, binding, optOut: { document: { metadata, spec } } }: ReadOfflineGrant, title: string, io: Io): string {
  const styles = stylesFor(io.stdout, io.env)
  const line = (name: string, text: string): string => row(name, text, io.stdout.columns)
  const { controls, targets = {}, window: { from, until }, reason, owner, ticket, compensatingControl, expected } = spec
  const { fingerprints = [], ...where } = targets
  return [
    styles.warn(`${title}  ${shown(metadata.name)}: an emergency that no log has`),
    line('commit', grant.commit),
    line('repository', `${(where.repositories ?? []).map(oneLine).join(', ')} (id ${oneLine(grant.repositoryId)})`),
    line('environment', oneLine(grant.environment)),
    line('controls', controls.map(oneLine).join(', ')),
    ...Object.entries(where).filter(([key]) => key !== 'repositories' && key !== 'environments').map(([key, values]) => line(key, values.map(oneLine).join(', '))),
    line('findings', `${plural(fingerprints.length, 'finding')}, and no other`),
    ...fingerprints.map((each) => line('', each)),
    line('window', `${formatInstant(from)} until ${formatInstant(until)} (${until > io.now ? 'ends' : 'ended'} ${fromNow(until, io.now)})`),
    line('team', `${shown(grant.team)}, owner ${oneLine(owner)}${ticket === undefined ? '' : `, ${oneLine(ticket)}`}`),
    line('reason', clipped(oneLine(reason), 4096)),
    ...(compensatingControl === undefined ? [] : [line('instead', oneLine(compensatingControl))]),
    ...expectedRows(expected).map((text) => line('expected', text)),
    line('governed by', `${oneLine(grant.governance.ref)} at ${grant.governance.commit.slice(0, 12)}`),
    line('log', grant.log.checkpoint.split('\n').slice(0, 2).map(oneLine).join(', ').concat(' entries')),
    line('document', binding.optOut), line('terms', binding.terms), line('grant', digest),
    line('compare', styles.bold(grantCode({ digest }))),
  ].join('\n')
}

/** What every JSON about a grant says of it (`schemas/output/offline-grant.v1.json`). */
export function grantJson(act: 'prepare' | 'sign' | 'verify', read: ReadOfflineGrant, members: Readonly<Record<string, unknown>>): string {
  const { grant: { workspace, repositoryId, commit, environment, team }, digest, optOut: { uid, document: { metadata, spec } } } = read
  return `${JSON.stringify({
    schemaVersion: 1, kind: 'OfflineGrant', act, digest, code: grantCode(read), uid, name: metadata.name, workspace, repositoryId, commit, environment, team,
    controls: spec.controls, fingerprints: spec.targets?.fingerprints ?? [], from: formatInstant(spec.window.from), until: formatInstant(spec.window.until), ...members,
  })}\n`
}
