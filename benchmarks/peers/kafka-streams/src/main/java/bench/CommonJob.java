package bench;

import java.time.Duration;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.ContextualProcessor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The common job on Kafka Streams: one thread, one persistent store with its record cache, until the process is killed.
 *
 * <p>Asked to warm up, it first does the job of another application in the same JVM, with topics and state of its own.
 */
public final class CommonJob {
    private static final String STORE = "users";
    private static final long CACHE_BYTES = 256L << 20;

    private CommonJob() {}

    /**
     * Arguments: bootstrap servers, processing guarantee, commit interval (ms), state folder; application id, source,
     * alerts; to warm up, these three again, and how many events.
     */
    public static void main(String[] args) throws InterruptedException {
        Properties settings = settings(args[0], args[1], args[2], args[3]);
        if (args.length > 7) {
            CountDownLatch events = new CountDownLatch(Integer.parseInt(args[10]));
            KafkaStreams warmUp = start(settings, args[7], args[8], args[9], events);
            events.await();
            warmUp.close(Duration.ofSeconds(30));
        }
        start(settings, args[4], args[5], args[6], new CountDownLatch(0));
        Thread.currentThread().join();
    }

    private static Properties settings(String servers, String guarantee, String commitIntervalMs, String folder) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, servers);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, guarantee);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, commitIntervalMs);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, folder);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, CACHE_BYTES);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        return settings;
    }

    private static KafkaStreams start(
            Properties common, String application, String source, String alerts, CountDownLatch events) {
        Properties settings = new Properties();
        settings.putAll(common);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, application);
        KafkaStreams streams = new KafkaStreams(topology(source, alerts, events), settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
        });
        streams.start();
        return streams;
    }

    private static Topology topology(String source, String alerts, CountDownLatch events) {
        var bytes = Serdes.ByteArray();
        return new Topology()
                .addSource("source", bytes.deserializer(), bytes.deserializer(), source)
                .addProcessor("score", () -> new Score(events), "source")
                .addStateStore(
                        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(STORE), bytes, User.serde())
                                .withCachingEnabled(),
                        "score")
                .addSink("alerts", alerts, bytes.serializer(), bytes.serializer(), "score");
    }

    private static final class Score extends ContextualProcessor<byte[], byte[], byte[], byte[]> {
        private final CountDownLatch events;
        private KeyValueStore<byte[], User> users;

        Score(CountDownLatch events) {
            this.events = events;
        }

        @Override
        public void init(ProcessorContext<byte[], byte[]> context) {
            super.init(context);
            users = context.getStateStore(STORE);
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            Event event = Event.decode(record.value());
            User user = users.get(record.key());
            if (user == null) {
                user = new User();
            }
            boolean emit = user.step(event);
            users.put(record.key(), user);
            if (emit) {
                context().forward(record);
            }
            events.countDown();
        }
    }
}
