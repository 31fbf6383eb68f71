// The jobs of `npm run bench -- flink` as Flink programs; the same as in bench/jobs/besideFlink.ts, step by step.
// Arguments: job, records, checkpoint interval in ms (0: none), records/s (0: as many as it can), file for the latencies or, for other jobs, for
// how many results each subtask of the sink got and what they add up to ("": not counted).
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.LockSupport;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.FlatMapFunction;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.functions.RichMapFunction;
import org.apache.flink.api.java.tuple.Tuple2;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.streaming.api.windowing.assigners.TumblingEventTimeWindows;
import org.apache.flink.util.Collector;

public final class BenchJobs {
  static final String[] LINES = lines();

  static String[] lines() {
    String[] lines = new String[1000];
    for (int i = 0; i < lines.length; i++) {
      StringBuilder line = new StringBuilder();
      for (int j = 0; j < 10; j++) line.append(j == 0 ? "" : " ").append("word").append((i * 31 + j * 17) % 997);
      lines[i] = line.toString();
    }
    return lines;
  }

  public static void main(String[] args) throws Exception {
    String job = args[0];
    long records = Long.parseLong(args[1]);
    long checkpointMs = Long.parseLong(args[2]);
    double rate = Double.parseDouble(args[3]);
    String file = args[4];
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    if (checkpointMs > 0) env.enableCheckpointing(checkpointMs);
    DataStream<Long> numbers = env.fromSequence(0, records - 1);
    switch (job) {
      case "wordcount":
        discardPairs(numbers.map(new Line()).flatMap(new Split()).keyBy(new Word()).sum(1), file);
        break;
      case "maps":
        discardNumbers(
            numbers
                .map(n -> n + 1)
                .returns(Long.class)
                .map(n -> n * 2)
                .returns(Long.class)
                .map(n -> n - 1)
                .returns(Long.class),
            file);
        break;
      case "mapFilter":
        discardNumbers(
            numbers
                .map(n -> n * 3)
                .returns(Long.class)
                .filter(n -> n % 2 == 0)
                .map(n -> n + 1)
                .returns(Long.class),
            file);
        break;
      case "rebalance":
        discardNumbers(numbers.rebalance().map(n -> n + 1).returns(Long.class), file);
        break;
      case "keyedSum":
        discardPairs(numbers.map(new Keyed()).keyBy(t -> t.f0).sum(1), file);
        break;
      case "window":
        discardPairs(
            numbers
                .map(new Keyed())
                .assignTimestampsAndWatermarks(
                    WatermarkStrategy.<Tuple2<Long, Long>>forMonotonousTimestamps()
                        .withTimestampAssigner((t, before) -> t.f1 / 100))
                .keyBy(t -> t.f0)
                .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
                .sum(1),
            file);
        break;
      case "latency":
        numbers
            .map(new Stamped(rate))
            .keyBy(t -> t.f0)
            .map(new Latency(file, records))
            .sinkTo(new DiscardingSink<>());
        break;
      default:
        throw new IllegalArgumentException("There is no job " + job);
    }
    env.execute(job);
  }

  static void discardNumbers(DataStream<Long> numbers, String file) {
    if (file.isEmpty()) numbers.sinkTo(new DiscardingSink<>());
    else numbers.map(new CountedNumbers(file)).sinkTo(new DiscardingSink<>());
  }

  static <K> void discardPairs(DataStream<Tuple2<K, Long>> pairs, String file) {
    if (file.isEmpty()) pairs.sinkTo(new DiscardingSink<>());
    else pairs.map(new CountedPairs<K>(file)).sinkTo(new DiscardingSink<>());
  }

  static void writeCounted(String file, int subtask, long count, long sum) throws Exception {
    Files.writeString(Path.of(file + "-" + subtask), count + " " + sum);
  }

  static final class CountedNumbers extends RichMapFunction<Long, Long> {
    final String file;
    long count;
    long sum;

    CountedNumbers(String file) {
      this.file = file;
    }

    public Long map(Long n) {
      count++;
      sum += n;
      return n;
    }

    public void close() throws Exception {
      writeCounted(file, getRuntimeContext().getTaskInfo().getIndexOfThisSubtask(), count, sum);
    }
  }

  static final class CountedPairs<K> extends RichMapFunction<Tuple2<K, Long>, Long> {
    final String file;
    long count;
    long sum;

    CountedPairs(String file) {
      this.file = file;
    }

    public Long map(Tuple2<K, Long> pair) {
      count++;
      sum += pair.f1;
      return pair.f1;
    }

    public void close() throws Exception {
      writeCounted(file, getRuntimeContext().getTaskInfo().getIndexOfThisSubtask(), count, sum);
    }
  }

  static final class Line implements MapFunction<Long, String> {
    public String map(Long n) {
      return LINES[(int) (n % LINES.length)];
    }
  }

  static final class Split implements FlatMapFunction<String, Tuple2<String, Long>> {
    public void flatMap(String line, Collector<Tuple2<String, Long>> out) {
      for (String word : line.split(" ")) out.collect(new Tuple2<>(word, 1L));
    }
  }

  static final class Word implements org.apache.flink.api.java.functions.KeySelector<Tuple2<String, Long>, String> {
    public String getKey(Tuple2<String, Long> pair) {
      return pair.f0;
    }
  }

  static final class Keyed implements MapFunction<Long, Tuple2<Long, Long>> {
    public Tuple2<Long, Long> map(Long n) {
      return new Tuple2<>(n % 1000, n);
    }
  }

  /** Holds the source to its rate, and notes when each record left it. */
  static final class Stamped extends RichMapFunction<Long, Tuple2<Long, Long>> {
    final double rate;
    transient long startNs;
    transient long emitted;

    Stamped(double rate) {
      this.rate = rate;
    }

    public Tuple2<Long, Long> map(Long n) {
      long now = System.nanoTime();
      if (emitted == 0) startNs = now;
      long due = startNs + (long) (emitted++ * 1e9 / rate);
      if (due - now > 1_000_000) LockSupport.parkNanos(due - now);
      return new Tuple2<>(n % 1000, System.nanoTime());
    }
  }

  /** Milliseconds from source to here, without the first fifth, in which code is compiled. */
  static final class Latency extends RichMapFunction<Tuple2<Long, Long>, Double> {
    final String file;
    final double[] ms;
    int seen;

    Latency(String file, long records) {
      this.file = file;
      this.ms = new double[(int) records];
    }

    public Double map(Tuple2<Long, Long> record) {
      double latency = (System.nanoTime() - record.f1) / 1e6;
      ms[seen++] = latency;
      return latency;
    }

    public void close() throws Exception {
      double[] counted = Arrays.copyOfRange(ms, seen / 5, seen);
      Arrays.sort(counted);
      if (counted.length == 0) return;
      Files.writeString(
          Path.of(file), counted[counted.length / 2] + " " + counted[(int) (counted.length * 0.99)]);
    }
  }
}
