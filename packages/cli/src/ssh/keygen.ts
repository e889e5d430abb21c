/** `ssh-keygen -Y sign`, which knows security keys and agents, and asks for PIN and touch at the terminal: neither ever passes through here. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { delimiter, isAbsolute, resolve } from 'node:path'
import { parsePublicKey, type SshPublicKey } from '@exeat/verify/ssh'
import { ExeatError } from '@exeat/core/error'
import type { Io } from '../edge/io.ts'
import { cliError } from '../edge/problem.ts'

/** A key's file, private or public: the public half is read. @throws {ExeatError} SSH_KEY_UNREADABLE, SSH_MALFORMED, SSH_ALGORITHM */
export function readKeyFile(given: string, { cwd }: Io): SshPublicKey {
  const path = resolve(cwd, given)
  const text = textOf(path.endsWith('.pub') ? path : `${path}.pub`)
  const [type = '', base64 = ''] = text?.trim().split(/[ \t]+/) ?? []
  if (base64 === '') throw cliError('SSH_KEY_UNREADABLE', `\`--ssh ${given}\` names no key: its public half is not there`, 'name the key as ssh does: `~/.ssh/id_ed25519_sk`, with `id_ed25519_sk.pub` beside it')
  const key = parsePublicKey(type, base64)
  if (!key.ok) throw new ExeatError([key.problem])
  return key.value
}

function textOf(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8')
    return text.length > 16_384 ? undefined : text
  } catch {
    return undefined
  }
}

const mostBytes = 65_536

/** A relative entry of the path would let the repository bring the `ssh-keygen` that is told what to sign. */
function withoutRelative(env: Io['env']): NodeJS.ProcessEnv {
  const path = Object.entries(env).find(([name]) => name.toUpperCase() === 'PATH')
  return path === undefined ? env : { ...env, [path[0]]: (path[1] ?? '').split(delimiter).filter((folder) => isAbsolute(folder)).join(delimiter) }
}

/** The SSHSIG over the message, armoured. @throws {ExeatError} SSH_KEYGEN_FAILED */
export function signWithKeygen(keyFile: string, namespace: string, message: Uint8Array, { cwd, env }: Io): Promise<Uint8Array> {
  return new Promise((done, fail) => {
    const child = spawn('ssh-keygen', ['-Y', 'sign', '-f', resolve(cwd, keyFile), '-n', namespace], { cwd, env: withoutRelative(env), stdio: ['pipe', 'pipe', 'inherit'] })
    const out: Buffer[] = []
    let size = 0
    child.on('error', (cause: NodeJS.ErrnoException) => {
      fail(cause.code === 'ENOENT' ? cliError('SSH_KEYGEN_FAILED', 'the command `ssh-keygen` is not on PATH', 'install OpenSSH 8.2 or later')
        : cliError('SSH_KEYGEN_FAILED', `\`ssh-keygen\` could not be started: ${cause.message}`))
    })
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= mostBytes) out.push(chunk)
    })
    // It may end without reading what it is to sign (no such key): its exit code says so, not a broken pipe.
    child.stdin.on('error', () => {})
    child.stdin.end(message)
    child.on('close', (code) => {
      if (code === 0 && size <= mostBytes) done(Buffer.concat(out))
      else fail(cliError('SSH_KEYGEN_FAILED', `\`ssh-keygen -Y sign\` ended with ${code ?? 'a signal'}, and nothing was written`, 'what it said stands above; is the key plugged in, and was it touched?'))
    })
  })
}
