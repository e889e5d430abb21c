import { type ByteSource, readSarif, type SarifAnswer } from '@exeat/formats'
export const readReports = (source: ByteSource, options: { root?: string; format?: string }): SarifAnswer => readSarif(source, options.root === undefined ? {} : { root: options.root })
