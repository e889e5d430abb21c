/** C2SP tlog-checkpoint: the text of a note that states a log's size and root. */
import { ok, refuse, type Answer } from '../codes.ts'
import { decodeBase64, encodeBase64 } from '../bytes/base64.ts'
import { decodeDecimal } from '../bytes/text.ts'
import { HASH_SIZE, isHash } from '../tree/hash.ts'
import { isSize } from '../tree/size.ts'
import { checkNoteText } from './note.ts'

export interface Checkpoint {
  /** The log's identity: a URL without scheme, by custom. */
  readonly origin: string
  readonly size: number
  readonly root: Uint8Array
  /** Lines that a log may add; nobody can audit them, and Exeat's own log writes none. */
  readonly extensions: readonly string[]
}

/** The note text of a checkpoint; refuses what `parseCheckpoint` would not read as the same. */
export function formatCheckpoint(checkpoint: Checkpoint): Answer<string> {
  const { origin, size, root, extensions } = checkpoint
  if ([origin, ...extensions].some((line) => line === '' || line.includes('\n'))) {
    return refuse('CHECKPOINT_MALFORMED', 'the origin or an extension line is empty or holds a newline')
  }
  if (!isSize(size)) return refuse('SIZE_INVALID', `the tree size \`${size}\` is no whole number from 0 to 2^53 - 1`)
  if (!isHash(root)) return refuse('HASH_LENGTH', `the root is ${root.length} bytes long, not ${HASH_SIZE}`)
  return checkNoteText([origin, `${size}`, encodeBase64(root), ...extensions, ''].join('\n'))
}

/** Reads the text of a note; whoever signed it is another question (`openCheckpoint`). */
export function parseCheckpoint(text: string): Answer<Checkpoint> {
  const checked = checkNoteText(text)
  if (!checked.ok) return checked
  const [origin, sizeLine, rootLine, ...extensions] = text.slice(0, -1).split('\n')
  if (origin === undefined || sizeLine === undefined || rootLine === undefined) {
    return refuse('CHECKPOINT_MALFORMED', 'the checkpoint has fewer than three lines')
  }
  if (origin === '' || extensions.includes('')) return refuse('CHECKPOINT_MALFORMED', 'the origin or an extension line is empty')
  const size = decodeDecimal(sizeLine)
  if (size === undefined) return refuse('CHECKPOINT_MALFORMED', 'the tree size is no decimal number from 0 to 2^53 - 1')
  const root = decodeBase64(rootLine)
  if (root === undefined || !isHash(root)) return refuse('CHECKPOINT_MALFORMED', 'the root is not the base64 of 32 bytes')
  return ok({ origin, size, root, extensions })
}
