/** Loaded into a server under measurement: at SIGUSR2 it collects its garbage and appends to the file EXEAT_BENCH_HEAP what it still holds, in bytes. */
const { appendFileSync } = require('node:fs')
const { setFlagsFromString } = require('node:v8')
const { runInNewContext } = require('node:vm')

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc')

process.on('SIGUSR2', () => {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  appendFileSync(process.env.EXEAT_BENCH_HEAP, `${heapUsed + external}\n`)
})
