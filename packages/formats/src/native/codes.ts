import type { CodeEntry } from '@exeat/core'

export type NativeCode = 'NATIVE_INEXPRESSIBLE'

export const nativeCodes: Readonly<Record<NativeCode, CodeEntry>> = {
  NATIVE_INEXPRESSIBLE: { exit: 3, http: 422, summary: 'a tool\'s own format cannot hold an excuse without excusing more, or for longer' },
}
