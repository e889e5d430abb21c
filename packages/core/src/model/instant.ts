declare const instantBrand: unique symbol
declare const durationBrand: unique symbol

/** A moment in time: integer milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. */
export type Instant = number & { readonly [instantBrand]: true }

/** A length of time: integer milliseconds, not negative. */
export type Duration = number & { readonly [durationBrand]: true }

/** A half-open span `[from, until)`. */
export interface Window {
  readonly from: Instant
  readonly until: Instant
}
