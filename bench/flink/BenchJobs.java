// The jobs of `npm run bench -- flink` as Flink programs; the same as in bench/jobs/besideFlink.ts, step by step.
// Arguments: job, records, checkpoint interval in ms (0: none), records/s (0: as many as it can), file for the latencies ("": none).
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
    String latencies = args[4];
    StreamExecutionEnvironment env = StreamExecutionEnvironment.getExecutionEnvironment();
    if (checkpointMs > 0) env.enableCheckpointing(checkpointMs);
    DataStream<Long> numbers = env.fromSequence(0, records - 1);
    switch (job) {
      case "wordcount":
        numbers
            .map(new Line())
            .flatMap(new Split())
            .keyBy(new Word())
            .sum(1)
            .sinkTo(new DiscardingSink<>());
        break;
      case "maps":
        numbers
            .map(n -> n + 1)
            .returns(Long.class)
            .map(n -> n * 2)
            .returns(Long.class)
            .map(n -> n - 1)
            .returns(Long.class)
            .sinkTo(new DiscardingSink<>());
        break;
      case "mapFilter":
        numbers
            .map(n -> n * 3)
            .returns(Long.class)
            .filter(n -> n % 2 == 0)
            .map(n -> n + 1)
            .returns(Long.class)
            .sinkTo(new DiscardingSink<>());
        break;
      case "rebalance":
        numbers.rebalance().map(n -> n + 1).returns(Long.class).sinkTo(new DiscardingSink<>());
        break;
      case "keyedSum":
        numbers.map(new Keyed()).keyBy(t -> t.f0).sum(1).sinkTo(new DiscardingSink<>());
        break;
      case "window":
        numbers
            .map(new Keyed())
            .assignTimestampsAndWatermarks(
                WatermarkStrategy.<Tuple2<Long, Long>>forMonotonousTimestamps()
                    .withTimestampAssigner((t, before) -> t.f1 / 100))
            .keyBy(t -> t.f0)
            .window(TumblingEventTimeWindows.of(Duration.ofSeconds(10)))
            .sum(1)
            .sinkTo(new DiscardingSink<>());
        break;
      case "latency":
        numbers
            .map(new Stamped(rate))
            .keyBy(t -> t.f0)
            .map(new Latency(latencies, records))
            .sinkTo(new DiscardingSink<>());
        break;
      default:
        throw new IllegalArgumentException("There is no job " + job);
    }
    env.execute(job);
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
