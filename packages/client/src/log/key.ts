/** Which key a log says that it signs with: what to pin, once it was compared with what the operator says elsewhere. */
import { openNote, parseCheckpoint, parseVerifierKey, type Ed25519Verify, type Sha256, type VerifierKey } from '@exeat/log'
import { refuse, type LogAnswer } from './codes.ts'
import { KEY_PATH, MAX_KEYS_SIZE, readCheckpoint, unreachable, type LogSource } from './source.ts'
import { decodeText } from './text.ts'

export interface PublishedKey {
  readonly origin: string
  readonly size: number
  /** One that signed the checkpoint served beside it. */
  readonly key: VerifierKey
}

/** The published keys that signed the log's checkpoint; `LOG_NO_KEY` where none did. */
export async function readPublishedKeys(source: LogSource, sha256: Sha256, verify: Ed25519Verify): Promise<LogAnswer<readonly PublishedKey[]>> {
  let text: string | undefined
  try {
    const bytes = await source.read(KEY_PATH, MAX_KEYS_SIZE)
    text = bytes === undefined ? undefined : decodeText(bytes)
  } catch (error) {
    return unreachable(source, error)
  }
  const where = `\`${source.name}/${KEY_PATH}\``
  if (text === undefined) return refuse('LOG_NO_KEY', `there is no verifier key at ${where}`, 'ask the operator for it')
  const keys: VerifierKey[] = []
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const key = parseVerifierKey(sha256, line)
    if (!key.ok) return refuse('LOG_NO_KEY', `what stands at ${where} is no verifier key: ${key.problem.message}`)
    if (key.value.type === 'ed25519') keys.push(key.value)
  }
  const checkpoint = await readCheckpoint(source)
  if (!checkpoint.ok) return checkpoint
  const note = openNote(checkpoint.value, keys, verify)
  if (!note.ok) return refuse('LOG_NO_KEY', `no key at ${where} signed the checkpoint: ${note.problem.message}`)
  const head = parseCheckpoint(note.value.text)
  if (!head.ok) return head
  const { origin, size } = head.value
  return { ok: true, value: note.value.verified.map(({ key }) => ({ origin, size, key })) }
}
