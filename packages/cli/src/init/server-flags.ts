/** Options of `exeat init --server`. */
export interface InitServerFlags {
  readonly server?: boolean
  readonly origin?: string
  readonly repository?: string
  readonly ref?: string
  readonly founder?: readonly string[]
  readonly data?: string
  readonly database?: string
  readonly head?: string
  readonly url?: string
  readonly rotate?: string
  readonly rootKey?: readonly string[]
}

/** Options that mean nothing without `--server`. */
export const serverFlags = ['origin', 'repository', 'ref', 'founder', 'data', 'database', 'head', 'url', 'rotate', 'rootKey'] as const
