/**
 * What a backup reads of a database and a restore writes into one: whole tables, the same for every database. Everything that is read comes from one
 * commit; everything that is written becomes one transaction, so that a restore that was killed leaves a database that no log was founded in.
 */
import type { TableReader } from './tables.ts'

export type Cell = string | number | Uint8Array | null

export interface TableShape {
  readonly name: string
  readonly columns: readonly { readonly name: string; readonly type: 'integer' | 'text' | 'bytes' }[]
  /** The columns of its primary key, in order; the first of `columns`. */
  readonly key: number
}

const column = (type: 'integer' | 'text' | 'bytes') => (name: string) => ({ name, type })
const [integer, text, bytes] = [column('integer'), column('text'), column('bytes')]

/** Every table that a restore writes; `tile_hash` and `head` follow from the entries and are written with them. */
export const shapes = {
  identity: { name: 'identity', columns: [integer('id'), text('origin'), text('key')], key: 1 },
  entry: { name: 'entry', columns: [integer('idx'), bytes('leaf'), bytes('entry')], key: 1 },
  tileHash: { name: 'tile_hash', columns: [integer('level'), integer('idx'), bytes('hash')], key: 2 },
  checkpoint: { name: 'checkpoint', columns: [integer('size'), bytes('root'), bytes('note')], key: 1 },
  head: { name: 'head', columns: [integer('id'), integer('size'), bytes('root'), bytes('frontier'), integer('at')], key: 1 },
  operation: { name: 'operation', columns: [text('key'), bytes('digest'), integer('idx'), integer('count'), text('refusal')], key: 1 },
  record: { name: 'record', columns: [text('kind'), text('key'), integer('version'), bytes('value')], key: 2 },
  body: { name: 'body', columns: [text('kind'), text('digest'), bytes('bytes')], key: 2 },
  cosignature: { name: 'cosignature', columns: [integer('size'), text('name'), text('line')], key: 3 },
  identityRow: { name: 'identity_row', columns: [text('kind'), text('key'), text('owner'), bytes('value'), integer('version'), integer('expires')], key: 2 },
} as const satisfies Record<string, TableShape>

export interface Dump {
  readonly tables: TableReader
  /** Number of the last migration. */
  readonly schema: number
  /** Rows behind `after` (the first where it is absent) in the order of the key's bytes. */
  readonly page: (shape: TableShape, after: readonly Cell[] | undefined, limit: number) => Promise<readonly (readonly Cell[])[]>
}

export interface Fill {
  readonly insert: (shape: TableShape, rows: readonly (readonly Cell[])[]) => Promise<void>
}

export interface BackupStore {
  /** One commit throughout. Rows about identities may be of another, where they stand in a file of their own. */
  readonly dump: <T>(read: (dump: Dump) => Promise<T>) => Promise<T>
  /** One transaction; `STORE_EXISTS` where a log stands in the database. */
  readonly fill: <T>(write: (fill: Fill) => Promise<T>) => Promise<T>
}
