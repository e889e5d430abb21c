/** The head of every document. */
import * as z from 'zod'
import { dnsLabel } from './scalars.ts'

export const apiVersion = z.literal('exeat.dev/v1').meta({ description: 'Always `exeat.dev/v1`.' })
export const kindOf = <K extends string>(kind: K): z.ZodLiteral<K> => z.literal(kind).meta({ description: 'What this document is.' })
export const metadata = z.strictObject({
  name: dnsLabel.meta({ description: 'DNS label, unique among the documents of its kind in the workspace. Names of opt-outs are never reused.' }),
}).meta({ description: 'Identifies the document.' })
