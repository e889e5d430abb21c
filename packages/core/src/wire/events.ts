/** Events as the server tells of them: CloudEvents 1.0 in JSON, without what shows who did it. */
import * as z from 'zod'

const whole = z.int().min(0)

/** What a release does not know of an event it lets pass: a listener is not worth an interruption. */
export const toldEventSchema = z.looseObject({
  specversion: z.literal('1.0'), id: z.string(), source: z.string(), type: z.string(), subject: z.exactOptional(z.string()), time: z.string(),
  sequence: z.exactOptional(z.string().regex(/^\d{16}$/)),
  data: z.looseObject({ entry: z.exactOptional(whole) }),
}).meta({ id: 'ToldEvent' })

export type StreamedEvent = z.output<typeof toldEventSchema>
