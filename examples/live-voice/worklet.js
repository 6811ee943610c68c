// Runs in the browser's audio thread: takes blocks of 128 samples of the microphone's rate, and passes on blocks of
// 128 samples of the model's, as int16.

const block = 128;

registerProcessor(
  'downsample',
  class extends AudioWorkletProcessor {
    constructor({ processorOptions: { rate } }) {
      super();
      this.step = sampleRate / rate;
      this.sum = 0;
      this.count = 0;
      this.next = this.step;
      this.out = new Int16Array(block);
      this.filled = 0;
    }

    process([[samples]]) {
      for (const sample of samples ?? []) {
        // the mean of the samples between two of the model's: a simple low-pass filter
        this.sum += sample;
        this.next -= 1;
        this.count++;
        if (this.next > 0) continue;
        const mean = this.sum / this.count;
        this.out[this.filled++] = Math.max(-1, Math.min(1, mean)) * 32_767;
        this.next += this.step;
        this.sum = this.count = 0;
        if (this.filled < block) continue;
        this.port.postMessage(this.out.slice());
        this.filled = 0;
      }
      return true;
    }
  },
);
