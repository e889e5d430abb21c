/**
 * The token by which a job shows who it is, where it holds none of an enforcement point: from the forge that runs it, or from a file. Never from an argument,
 * which every process of the machine sees.
 */
import { resolve } from 'node:path'
import { fetchTransport } from '@exeat/client'
import type { Workspace } from '@exeat/core'
import type { Io } from '../edge/io.ts'
import { cliError, systemReason } from '../edge/problem.ts'
import { readWithin } from './files.ts'
import { isPrivate } from './private.ts'

export type Workloads = NonNullable<NonNullable<Workspace['spec']['identity']>['workloads']>

const longest = 8192
const timeout = 10_000

/**
 * Answers where tokens come from, or undefined where nothing states one: `EXEAT_TOKEN_FILE`, read anew for each request, as clusters replace what stands in it;
 * `EXEAT_ID_TOKEN`, as GitLab sets it; and where GitHub offers tokens and the workspace knows its jobs, a new one for each request, as each is good once.
 */
export function workloadToken({ env, cwd }: Pick<Io, 'env' | 'cwd'>, workloads: Workloads): (() => Promise<string>) | undefined {
  const { EXEAT_TOKEN_FILE: file = '', EXEAT_ID_TOKEN: stated = '', ACTIONS_ID_TOKEN_REQUEST_URL: url = '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret = '' } = env
  if (file !== '') return async () => fromFile(file, cwd)
  if (stated !== '') return async () => checked(stated, '`EXEAT_ID_TOKEN`')
  const audience = workloads.find(({ kind }) => kind === 'github')?.audience
  return url === '' || secret === '' || audience === undefined ? undefined : () => fromGithub(url, secret, audience)
}

const failed = (message: string, hint?: string) => cliError('JOB_TOKEN', message, hint)

function checked(token: string, from: string): string {
  if (/^[!-~]+$/.test(token) && token.length <= longest) return token
  throw failed(`${from} holds no token: 1 to ${longest} printable characters without spaces`)
}

function fromFile(file: string, cwd: string): string {
  let bytes: Uint8Array | undefined
  try {
    bytes = readWithin(resolve(cwd, file), 2 * longest)
  } catch (cause) {
    throw failed(`\`${file}\` of \`EXEAT_TOKEN_FILE\` cannot be read: ${systemReason(cause)}`)
  }
  if (bytes === undefined) throw failed(`there is no file \`${file}\`, which \`EXEAT_TOKEN_FILE\` names`)
  return checked(Buffer.from(bytes).toString('utf8').trim(), `\`${file}\` of \`EXEAT_TOKEN_FILE\``)
}

/** GitHub's own way for jobs with `permissions: id-token: write`. */
async function fromGithub(address: string, secret: string, audience: string): Promise<string> {
  const url = URL.parse(address)
  if (url === null || !isPrivate(url)) throw failed('`ACTIONS_ID_TOKEN_REQUEST_URL` is no https address')
  url.searchParams.set('audience', audience)
  let answer
  try {
    answer = await fetchTransport({ method: 'GET', url: url.href, headers: { authorization: `Bearer ${secret}`, accept: 'application/json' }, maxBytes: 64 * 1024, timeout })
  } catch (cause) {
    throw failed(`GitHub gives this job no token: ${systemReason(cause)}`, 'run the job again')
  }
  if (answer.status !== 200) throw failed(`GitHub gives this job no token: it answers ${answer.status}`, 'give the job `permissions: id-token: write`')
  const value = valueOf(answer.body)
  if (value === undefined) throw failed('GitHub gives this job no token: its answer holds none')
  return checked(value, 'GitHub\'s answer')
}

function valueOf(body: Uint8Array): string | undefined {
  try {
    const json: unknown = JSON.parse(Buffer.from(body).toString('utf8'))
    return typeof json === 'object' && json !== null && 'value' in json && typeof json.value === 'string' ? json.value : undefined
  } catch {
    return undefined
  }
}
