declare module 'parse-prometheus-text-format' {
  /** Families of the text format; values are texts, as they may be larger than a number. */
  export default function parsePrometheus(text: string): readonly unknown[]
}
