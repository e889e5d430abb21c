/** A QR code for a camera: dark on light in both themes, with the quiet zone that ISO/IEC 18004 asks for. */
import { encodeQR } from 'qr'
import { type ReactNode, useMemo } from 'react'

/** Modules of light around it. */
const quiet = 4

export function Qr({ text, label }: { readonly text: string; readonly label: string }): ReactNode {
  const modules = useMemo(() => encodeQR(text, 'raw', { ecc: 'medium', border: quiet }), [text])
  const path = modules.flatMap((row, y) => row.flatMap((dark, x) => (dark ? [`M${x} ${y}h1v1h-1z`] : []))).join('')
  return (
    <svg className="qr" role="img" aria-label={label} viewBox={`0 0 ${modules.length} ${modules.length}`} shapeRendering="crispEdges">
      <rect width="100%" height="100%" />
      <path d={path} />
    </svg>
  )
}
