/** What is told of the sinks of events. */
import * as z from 'zod'

const whole = z.int().min(0)
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

export const sinkSchema = z.strictObject({
  name: z.string(), kind: z.string(),
  state: z.enum(['delivering', 'failing', 'disabled']).meta({ description: '`disabled`: it said that it is gone, and nothing is sent until somebody resumes it.' }),
  next: whole.meta({ description: 'Index of the first entry that was not taken from the log yet.' }),
  lag: whole.meta({ description: 'Entries that were not taken yet.' }),
  waiting: whole.meta({ description: 'Messages that it refused, and those behind them: each is tried again.' }),
  dead: whole.meta({ description: 'Given up after three days, and kept until somebody has them sent again.' }),
  oldest: z.exactOptional(instant.meta({ description: 'When the first of what it did not get happened.' })),
  message: z.exactOptional(z.string().meta({ description: 'Why the last attempt failed.' })),
}).meta({ id: 'Sink' })

export const sinksSchema = z.strictObject({ items: z.array(sinkSchema) }).meta({ id: 'Sinks' })

/** Indexes of entries, both ends included; to the end of the log where `to` is absent. */
export const sinkReplaySchema = z.strictObject({ from: whole, to: z.exactOptional(whole) }).meta({ id: 'SinkReplay' })

export type SinkView = z.output<typeof sinkSchema>
export type SinksView = z.output<typeof sinksSchema>
export type SinkReplay = z.output<typeof sinkReplaySchema>
