/** SARIF files of any size, made of real ones: the same samples and size always give the same bytes. */

interface SampleResult { locations?: { physicalLocation?: { artifactLocation?: { uri?: string }; region?: { startLine?: number } } }[] }
interface SampleRun { results?: SampleResult[] | null; [key: string]: unknown }
export interface SampleLog { readonly runs: readonly SampleRun[] }

export interface GeneratedSarif {
  readonly results: number
  readonly bytes: number
}

/**
 * Writes a log of about `bytes` bytes: the runs of the samples, their results repeated in turn, each copy with a folder and a line of
 * its own. `write` takes pieces of text, which are ASCII or not as the samples are. Samples without results are left out.
 */
export function generateSarif(samples: readonly SampleLog[], bytes: number, write: (text: string) => void): GeneratedSarif {
  const runs = samples.flatMap((sample) => sample.runs).filter((run) => (run.results?.length ?? 0) > 0)
  if (runs.length === 0) throw new Error('no sample has results')
  const put = (text: string): number => {
    write(text)
    return Buffer.byteLength(text)
  }
  let written = put('{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[')
  let results = 0
  for (const [index, { results: originals, ...rest }] of runs.entries()) {
    const head = JSON.stringify(rest)
    written += put(`${index === 0 ? '' : ','}${head.slice(0, -1)}${head.length > 2 ? ',' : ''}"results":[`)
    const until = (bytes * (index + 1)) / runs.length
    for (let ordinal = 0; ordinal === 0 || written < until; ordinal++) {
      const original = originals?.[ordinal % originals.length] ?? {}
      written += put(`${ordinal === 0 ? '' : ','}${JSON.stringify(copy(original, ordinal))}`)
      results++
    }
    written += put(']}')
  }
  written += put(']}')
  return { results, bytes: written }
}

/** The same result elsewhere: ever new lines, and 50 folders, which gives 100 MB the 20,000 paths of a large repository. */
function copy(result: SampleResult, ordinal: number): SampleResult {
  const changed = structuredClone(result)
  for (const { physicalLocation } of changed.locations ?? []) {
    const location = physicalLocation?.artifactLocation
    if (location?.uri !== undefined) location.uri = location.uri.replace(/^([a-z]+:\/+)?/u, `$1part${ordinal % 50}/`)
    if (physicalLocation?.region?.startLine !== undefined) physicalLocation.region.startLine += ordinal
  }
  return changed
}
