/** How `suppressions` enter a result, so that nothing else of it changes. */
export const spliceKind = {
  /** `,"suppressions":[X]` behind the last member. */
  member: 0,
  /** The same without a comma: the result is `{}`. */
  onlyMember: 1,
  /** `,X` behind the last element of the result's own array. */
  append: 2,
  /** `X` into its empty array. */
  onlyElement: 3,
  /** `[X]` in place of its `null`. */
  replaceNull: 4,
} as const

/** Where the results of one run stand in the file, in file order. Typed arrays: a large report has millions. */
export interface RunPositions {
  /** Byte offset, for each result, at which its suppression goes. */
  readonly offsets: Float64Array
  /** One of `spliceKind`, for each result. */
  readonly kinds: Uint8Array
  /** For each finding of the run's report: the index of its result in the run. */
  readonly results: Int32Array
}

/** What the SARIF writer needs to know of a file that was read; the runs are in the order of the answer's reports. */
export interface SarifPositions {
  readonly size: number
  readonly runs: readonly RunPositions[]
}

/** Positions of a run that has no results. */
export const noPositions: RunPositions = { offsets: new Float64Array(0), kinds: new Uint8Array(0), results: new Int32Array(0) }

/** Grows as results are read. */
export interface PositionList {
  readonly length: number
  add(offset: number, kind: number): void
  done(results: Int32Array): RunPositions
}

export function positionList(): PositionList {
  let offsets = new Float64Array(256)
  let kinds = new Uint8Array(256)
  let length = 0
  return {
    get length() { return length },
    add(offset, kind) {
      if (length === offsets.length) {
        const [oldOffsets, oldKinds] = [offsets, kinds]
        offsets = new Float64Array(length * 2)
        kinds = new Uint8Array(length * 2)
        offsets.set(oldOffsets)
        kinds.set(oldKinds)
      }
      offsets[length] = offset
      kinds[length] = kind
      length++
    },
    done: (results) => ({ offsets: offsets.slice(0, length), kinds: kinds.slice(0, length), results }),
  }
}
