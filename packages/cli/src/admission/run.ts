/** `exeat admission`: flags to a point that runs until it is stopped. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Fact, Instant, Workspace } from '@exeat/core'
import { ExeatError } from '@exeat/core/error'
import type { RunUse } from '@exeat/core/run'
import { readDocuments } from '@exeat/formats'
import { bundlePins } from '@exeat/verify'
import type { AdmissionOptions, Point, Upstream } from '@exeat/server/admission'
import type { Io } from '../edge/io.ts'
import { listenOn, untilSignalled } from '../edge/serving.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { environmentFact, repositoryFact } from '../governance/facts.ts'
import { sha256 } from '../log/crypto.ts'
import { shown } from '../text/safe.ts'
import { isAddress } from '../trust/address.ts'
import { claimNow } from '../trust/claims.ts'
import { type Obtained, obtainBundle } from '../trust/obtain.ts'
import { checkKyverno } from './kyverno.ts'

export interface AdmissionFlags {
  readonly workspace: string
  readonly bundle?: string
  readonly cluster?: string
  readonly env?: string
  readonly repo?: string
  readonly listen: string
  readonly tlsCert: string
  readonly tlsKey: string
  readonly clientCa?: string
  readonly upstream?: string
  readonly upstreamCa?: string
  readonly upstreamKind?: string
  readonly kyvernoAutoregistration?: string
  readonly kyvernoDeployment?: string
}

/** @throws {ExeatError} with what keeps the point from starting */
export async function admission(mode: string, flags: AdmissionFlags, io: Io): Promise<void> {
  if (mode !== 'guard' && mode !== 'proxy') throw cliError('USAGE', `\`${mode}\` is no mode of admission`, 'say `guard` or `proxy`')
  const { serveAdmission } = await import('@exeat/server/admission')
  const stopped = untilSignalled()
  const report = (message: string): void => { io.stderr.write(`${new Date().toISOString()} ${shown(message)}\n`) }
  const point = await pointOf(flags, io, report)
  const handle = await handlerOf(mode, flags, point, io)
  const clientCa = flags.clientCa === undefined ? undefined : fileText(flags.clientCa, io)
  const running = await serveAdmission({
    ...listenOn(flags.listen, '0.0.0.0:8443'), certificate: { cert: resolve(io.cwd, flags.tlsCert), key: resolve(io.cwd, flags.tlsKey) }, point, handle, report, ...(clientCa === undefined ? {} : { clientCa }),
  })
  const { address, port } = running.address
  io.stdout.write(`exeat admission ${mode} on https://${address.includes(':') ? `[${address}]` : address}:${port}/admit: ${point.trouble() ?? 'ready'}\n`)
  await stopped
  await running.stop()
}

async function pointOf(flags: AdmissionFlags, io: Io, report: (message: string) => void): Promise<Point> {
  const { admissionPoint } = await import('@exeat/server/admission')
  const workspace = workspaceOf(flags.workspace, io)
  const pins = bundlePins(workspace, sha256)
  if (!pins.ok) throw new ExeatError([pins.problem])
  const from = flags.bundle ?? io.env['EXEAT_BUNDLE'] ?? ''
  if (!isAddress(from)) throw cliError('BUNDLE_MISSING', 'the point names no server that bundles come from', 'name it: --bundle https://HOST, or EXEAT_BUNDLE; a file would end within minutes')
  const repository = repositoryFact(flags.repo, {}, workspace)
  let last: Obtained | undefined
  return admissionPoint({
    workspace, report, now: Date.now, environment: environmentsOf(flags, workspace), name: `admission/${flags.cluster ?? 'cluster'}`,
    ...(repository === undefined ? {} : { repository }),
    // Always as for a protected environment: with a nonce, for five minutes at most, and no bundle of an earlier run.
    fetch: async () => {
      last = await obtainBundle({ from, workspace, facts: {}, protectedEnvironment: true, now: Date.now() as Instant, cache: false }, io)
      return last.bundle
    },
    claim: (uses) => claimNow(last?.client, uses as readonly RunUse[]),
  })
}

/** A namespace that the governed workspace maps is proven: the API server names it. What a flag says is a flag. */
function environmentsOf({ cluster, env }: AdmissionFlags, workspace: Workspace): (namespace: string) => Fact<string> | undefined {
  const asserted = environmentFact(env, workspace)
  const named = workspace.spec.identity?.workloads?.find(({ name, kind }) => name === cluster && kind === 'kubernetes')
  if (cluster !== undefined && named === undefined) throw cliError('USAGE', `the workspace names no cluster \`${cluster}\` under \`identity.workloads\``, 'it needs `kind: kubernetes`, and `environments` by namespace')
  const environments = named?.environments ?? {}
  return (namespace) => {
    const value = Object.hasOwn(environments, namespace) ? environments[namespace] : undefined
    return value === undefined ? asserted : { value, provenance: 'verified', from: `cluster \`${cluster ?? ''}\`` }
  }
}

async function handlerOf(mode: 'guard' | 'proxy', flags: AdmissionFlags, point: Point, io: Io): Promise<AdmissionOptions['handle']> {
  const { guard, proxy, upstreamKinds } = await import('@exeat/server/admission')
  if (mode === 'guard') {
    if (flags.upstream !== undefined) throw cliError('USAGE', '`--upstream` is for `exeat admission proxy`', 'a guard stands alone')
    return guard(point)
  }
  const kind = upstreamKinds.find((each) => each === flags.upstreamKind)
  if (kind === undefined) throw cliError('USAGE', `\`--upstream-kind ${flags.upstreamKind ?? ''}\` is none whose denials are understood`, `say one of ${upstreamKinds.map((each) => `\`${each}\``).join(', ')}`)
  if (kind === 'kyverno') checkKyverno(flags, (file) => fileText(file, io))
  return proxy({ upstream: upstreamOf(flags, io), kind, point })
}

function upstreamOf({ upstream, upstreamCa }: AdmissionFlags, io: Io): Upstream {
  const url = URL.parse(upstream ?? '')
  if (url === null || url.protocol !== 'https:' || url.username !== '' || url.hash !== '') throw cliError('USAGE', `\`--upstream ${upstream ?? ''}\` is no https address of a webhook`, 'say https://SERVICE.NAMESPACE.svc/PATH')
  return { url, ...(upstreamCa === undefined ? {} : { ca: fileText(upstreamCa, io) }) }
}

/** @throws {ExeatError} INPUT_UNREADABLE, and each problem of the document */
function workspaceOf(file: string, io: Io): Workspace {
  const { documents, problems } = readDocuments(Buffer.from(fileText(file, io)), file)
  const [first, ...rest] = [...problems, ...documents.flatMap((each) => (each.ok ? [] : each.problems))]
  if (first !== undefined) throw new ExeatError([first, ...rest])
  const workspaces = documents.flatMap((each) => (each.ok && each.document.kind === 'Workspace' ? [each.document] : []))
  const [workspace] = workspaces
  if (workspace === undefined || workspaces.length > 1) throw cliError('USAGE', `\`${file}\` holds ${workspaces.length} documents of kind \`Workspace\`, and one is needed`)
  return workspace
}

function fileText(file: string, io: Io): string {
  try {
    return readFileSync(resolve(io.cwd, file), 'utf8')
  } catch (cause) {
    throw cliError('INPUT_UNREADABLE', `\`${file}\` cannot be read: ${systemReason(cause)}`)
  }
}
