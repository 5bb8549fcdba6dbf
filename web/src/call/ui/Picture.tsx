/** A stream's picture; with its sound only where asked for, because voices are played by the engine. */
import { useEffect, useRef } from 'react';

export function Picture({ stream, isMirrored = false, hasSound = false }: {
  stream: MediaStream; isMirrored?: boolean; hasSound?: boolean;
}) {
  const ref = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    if (ref.current) ref.current.srcObject = stream;
  }, [stream]);
  return <video ref={ref} className="call-picture" data-mirrored={isMirrored} autoPlay playsInline muted={!hasSound} aria-hidden />;
}
