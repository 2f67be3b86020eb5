// The camera as a scanner, where the browser can read QR and bar codes by itself (Chrome on Android). Everywhere else a hand scanner types into the field.
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';

interface Detector {
  detect(source: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}
const kDetector = (globalThis as { BarcodeDetector?: new (options: { formats: string[] }) => Detector }).BarcodeDetector;
const kLookMs = 150;

export const canScan = (): boolean => kDetector !== undefined && navigator.mediaDevices !== undefined;

/** Calls `onCode` for each code that is seen; the same one again only after another was seen. */
export function CameraScan({ onCode }: { onCode: (text: string) => void }): ReactNode {
  const { t } = useTranslation('shell');
  const video = useRef<HTMLVideoElement>(null);
  const [failed, setFailed] = useState(false);
  const found = useRef(onCode);
  found.current = onCode;

  useEffect(() => {
    if (!kDetector) return undefined;
    const detector = new kDetector({ formats: ['qr_code', 'code_128'] });
    let stream: MediaStream | null = null;
    let timer = 0;
    let ended = false;
    let last = '';
    const look = async (): Promise<void> => {
      const v = video.current;
      if (ended || !v) return;
      try {
        const text = v.readyState >= 2 ? ((await detector.detect(v))[0]?.rawValue ?? '') : '';
        if (text !== '' && text !== last) {
          last = text;
          found.current(text);
        }
      } catch {
        // One picture that cannot be read; the next one comes.
      }
      if (!ended) timer = window.setTimeout(() => void look(), kLookMs);
    };
    navigator.mediaDevices
      .getUserMedia({ video: { facingMode: 'environment' }, audio: false })
      .then((s) => {
        stream = s;
        if (ended || !video.current) return s.getTracks().forEach((track) => track.stop());
        video.current.srcObject = s;
        void video.current.play();
        void look();
      })
      .catch(() => setFailed(true));
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);

  if (failed) return <p className="tk-problem">{t('scan.failed')}</p>;
  return <video ref={video} className="tk-video" muted playsInline aria-label={t('scan.picture')} />;
}
