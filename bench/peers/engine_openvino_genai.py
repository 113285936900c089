"""OpenVINO GenAI: its continuous batching pipeline, which reads the same GGUF file."""

import time


class Engine:
    """options: `max_num_seqs`, `prefix_caching`, `precision` (of inference; none leaves it to the
    device)."""

    def __init__(self, model_path, threads, options):
        import openvino_genai

        self.genai = openvino_genai
        self.options = {"max_num_seqs": 64, "prefix_caching": True, "precision": None, **options}
        scheduler = openvino_genai.SchedulerConfig()
        scheduler.max_num_batched_tokens = 2048
        scheduler.max_num_seqs = self.options["max_num_seqs"]
        scheduler.enable_prefix_caching = self.options["prefix_caching"]
        scheduler.cache_size = 4  # GB, more than any of the jobs fills
        properties = {"INFERENCE_NUM_THREADS": threads}
        if self.options["precision"]:
            properties["INFERENCE_PRECISION_HINT"] = self.options["precision"]
        started = time.perf_counter()
        self.pipeline = openvino_genai.ContinuousBatchingPipeline(str(model_path), scheduler, "CPU",
                                                                  properties)
        self.load_seconds = time.perf_counter() - started

    def versions(self):
        return {"openvino-genai": self.genai.__version__}

    def close(self):
        del self.pipeline

    def _run(self, prompts, max_tokens):
        import numpy
        import openvino

        configuration = self.genai.GenerationConfig()
        configuration.max_new_tokens = max_tokens
        configuration.ignore_eos = True
        configuration.apply_chat_template = False
        tensors = [openvino.Tensor(numpy.array([prompt], dtype=numpy.int64)) for prompt in prompts]
        started = time.perf_counter()
        results = self.pipeline.generate(tensors, [configuration] * len(tensors))
        seconds = time.perf_counter() - started
        return [result.m_generation_ids[0] for result in results], seconds

    def generate(self, prompts, max_tokens, allowed=()):
        """prompts: token ids. It has no cheap way to allow only some tokens: it writes what it
        likes. With prefix caching the first token's time is not asked for: a second call would find
        the prompts in the cache."""
        answers, seconds = self._run(prompts, max_tokens)
        if max_tokens == 1 or self.options["prefix_caching"]:
            return answers, seconds, None
        return answers, seconds, self._run(prompts, 1)[1]
